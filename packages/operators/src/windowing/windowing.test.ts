import { BEGINNING, t } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Assignment } from "./assignment.ts";
import { checkWindowing } from "./check.ts";
import { PaneGroups } from "./pane-groups.ts";
import { firstOpenAt, firstWindowAt, gridOf, lastWindowAt, type SlidingWindow } from "./windowing.ts";

const Row = t.row({ at: t.timestamp() });

function sliding(sizeMicros: number, everyMicros: number, offsetMicros = 0): SlidingWindow {
  return { kind: "sliding", sizeMicros, everyMicros, offsetMicros };
}

const windowings = fc
  .record({
    every: fc.integer({ min: 1, max: 20 }),
    steps: fc.double({ min: 1, max: 5, noNaN: true }),
    offset: fc.nat(19),
  })
  .map(({ every, steps, offset }) => sliding(Math.ceil(every * steps), every, offset % every));

test("the first and the last window that hold a time hold it, and their neighbours do not", () => {
  fc.assert(
    fc.property(windowings, fc.integer({ min: -1000, max: 1000 }), (one, time) => {
      const grid = gridOf(one, false);
      const holds = (start: number): boolean => start <= time && time < start + one.sizeMicros;
      const [first, last] = [firstWindowAt(grid, time), lastWindowAt(grid, time)];
      expect([first, last].map(holds)).toEqual([true, true]);
      expect([first - one.everyMicros, last + one.everyMicros].map(holds)).toEqual([false, false]);
      expect(Math.abs(first - one.offsetMicros) % one.everyMicros).toBe(0);
      expect(firstOpenAt(grid, time)).toBe(firstWindowAt(grid, time + 1));
    }),
  );
});

test("rows are assigned to every window that takes them, and are late when none does", () => {
  const rows = fc.array(
    fc.record({ time: fc.integer({ min: -50, max: 50 }), behind: fc.constantFrom(0, 5, 20, 60) }),
    { minLength: 1, maxLength: 30 },
  );
  fc.assert(
    fc.property(windowings, rows, fc.nat(15), (one, all, lateness) => {
      const times = all.map(({ time }) => time);
      const clocks = all.map(({ time, behind }) => time + behind - 10);
      const assignment = new Assignment(gridOf(one, false), lateness);
      const plain = all.map(() => ({ at: 0 }));
      assignment.assign(batchOf(Row.schema, plain, { times, clocks }), BEGINNING);
      const late = [...assignment.late.subarray(0, assignment.lateCount)];
      const partial = assignment.partialCount;
      const found = all.map((): number[] => []);
      for (; assignment.directCount > 0; assignment.stepBack()) {
        for (const row of assignment.direct.subarray(0, assignment.directCount)) {
          found[row]?.unshift(assignment.windows[row] ?? Number.NaN);
        }
      }
      const windows = times.map((time) => {
        const starts: number[] = [];
        for (let start = one.offsetMicros - 200; start <= time; start++) {
          const isStart = (start - one.offsetMicros) % one.everyMicros === 0;
          if (isStart && time < start + one.sizeMicros) starts.push(start);
        }
        return starts;
      });
      const taking = windows.map((starts, row) =>
        starts.filter((start) => (clocks[row] ?? 0) < start + one.sizeMicros - 1 + lateness),
      );
      expect(found).toEqual(taking);
      expect(late).toEqual([...taking.keys()].filter((row) => taking[row]?.length === 0));
      const isPartial = (starts: number[], row: number): boolean =>
        starts.length > 0 && starts.length < (windows[row]?.length ?? 0);
      expect(partial).toBe(taking.filter(isPartial).length);
    }),
  );
});

test("rows of a batch are sorted by the start of their window, in their order within each", () => {
  const groups = new PaneGroups();
  groups.group(Float64Array.of(20, 10, 20, 0, 10), Int32Array.of(0, 1, 2, 4), 4);
  expect(groups.panes).toEqual([20, 10]);
  const sorted = groups.panes.map((_, p) => [
    ...groups.rows.subarray(groups.begins[p], groups.begins[p + 1]),
  ]);
  expect(sorted).toEqual([
    [0, 2],
    [1, 4],
  ]);
});

test.each([
  ["size", sliding(0, 1)],
  ["size", sliding(1.5, 1)],
  ["step", sliding(10, 11)],
  ["step", sliding(20_000, 1)],
  ["offset", sliding(10, 5, Number.NaN)],
])("windows of an impossible %s are refused", (what, one) => {
  expect(() => checkWindowing(one, 0)).toThrow(new RegExp(`The ${what} of a window is .*DF_WINDOW`, "s"));
});

test("an allowed lateness below 0 is refused", () => {
  expect(() => checkWindowing(sliding(10, 5), -1)).toThrow(/allowed lateness.*0 on.*DF_WINDOW/s);
});
