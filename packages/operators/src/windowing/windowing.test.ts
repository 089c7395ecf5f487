import { BEGINNING, t } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Assignment } from "./assignment.ts";
import { checkWindowing } from "./check.ts";
import {
  firstOpenAt,
  firstWindowAt,
  gridOf,
  lastWindowAt,
  type Grid,
  type SlidingWindow,
} from "./windowing.ts";

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
      for (const { isPaned, first, last, rows: taken, count } of assignment.groups) {
        expect([isPaned, count > 0]).toEqual([false, true]);
        for (const row of taken.subarray(0, count)) {
          for (let start = first; start <= last; start += one.everyMicros) found[row]?.push(start);
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

test("rows of a batch that go to the same windows are one group, in their order, from batch to batch", () => {
  const rows = fc.array(
    fc.record({ time: fc.integer({ min: -30, max: 30 }), behind: fc.constantFrom(0, 20) }),
    { minLength: 1, maxLength: 40 },
  );
  const clock = fc.oneof(fc.constant(BEGINNING), fc.integer({ min: -40, max: 40 }));
  fc.assert(
    fc.property(windowings, fc.array(fc.tuple(rows, clock), { maxLength: 4 }), (one, batches) => {
      const grid = gridOf(one, true);
      const assignment = new Assignment(grid, 3);
      for (const [all, operatorClock] of batches) {
        const times = all.map(({ time }) => time);
        const clocks = all.map(({ time, behind }) => time + behind - 10);
        const plain = all.map(() => ({ at: 0 }));
        assignment.assign(batchOf(Row.schema, plain, { times, clocks }), operatorClock);
        const groups = assignment.groups.map((group) => ({
          ...group,
          rows: [...group.rows.subarray(0, group.count)],
        }));
        const names = groups.map(({ pane, first, last }) => `${pane} ${first} ${last}`);
        expect(new Set(names).size).toBe(names.length);
        const taken = groups.flatMap((group) => group.rows);
        const late = [...assignment.late.subarray(0, assignment.lateCount)];
        expect([...taken, ...late].toSorted((a, b) => a - b)).toEqual([...all.keys()]);
        for (const { pane, isPaned, first, last, rows: some } of groups) {
          expect(some).toEqual(some.toSorted((a, b) => a - b));
          for (const row of some) {
            const time = times[row] as number;
            expect(time >= pane && time < pane + grid.paneMicros).toBe(true);
            const taking: number[] = [];
            for (let at = firstWindowAt(grid, time); at <= lastWindowAt(grid, time); at += grid.everyMicros)
              if ((clocks[row] as number) < at + grid.sizeMicros - 1 + 3) taking.push(at);
            const isOpen = (at: number): boolean => at + grid.sizeMicros - 1 > operatorClock;
            const direct = taking.filter((at) => at >= first && at <= last);
            // The pane stands for those of its windows that are open, and each of them takes the row.
            const byPane = isPaned ? taking.filter(isOpen) : [];
            expect([...direct, ...byPane].toSorted((a, b) => a - b)).toEqual(taking);
            expect(byPane).toEqual(isPaned ? windowsOf(grid, time).filter(isOpen) : []);
          }
        }
      }
    }),
  );
});

function windowsOf(grid: Grid, time: number): number[] {
  const starts: number[] = [];
  for (let at = firstWindowAt(grid, time); at <= lastWindowAt(grid, time); at += grid.everyMicros)
    starts.push(at);
  return starts;
}

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
