import type { HeldBy, Waiting } from "@df/core/checkpoint/records";
import { expect, test } from "vitest";
import { waitingLine } from "./waiting.ts";

const at = (hour: number, minute = 0): number => Date.UTC(2026, 0, 1, hour, minute) * 1000;
const MINUTE = 60_000_000;
const step: Waiting = {
  node: "hourly",
  windows: 2,
  sessions: 0,
  rows: 0,
  clock: at(9, 20),
  due: at(10) - 1,
  heldBy: { kind: "silence" },
};
const split: HeldBy & { readonly kind: "split" | "end" } = {
  kind: "split",
  source: "orders",
  split: "b.jsonl",
  clock: at(9, 20),
  behind: 0,
  silent: 0,
  idleTimeout: null,
  needs: at(10, 10),
};

test("a step whose input has ended is told with the row that it waits for, the clock, and --drain", () => {
  expect(waitingLine({ ...step, heldBy: { ...split, kind: "end" } }, true)).toBe(
    '2 windows of "hourly" are still open; --drain closes them when the input ends. The first goes with a row of 2026-01-01T10:10:00.000Z or later; the clock is at 2026-01-01T09:20:00.000Z.',
  );
});

test("the split that holds the clock back is named, with how far it is behind the others", () => {
  const line = waitingLine({ ...step, heldBy: { ...split, behind: 130 * MINUTE } }, false);
  expect(line).toContain(
    'The first goes with a row of 2026-01-01T10:10:00.000Z or later in split "b.jsonl" of "orders"; the clock',
  );
  expect(line).toMatch(/ This split is 2h 10m behind the furthest\.$/);
});

test("the only split, or the furthest, is not called behind", () => {
  expect(waitingLine({ ...step, heldBy: { ...split, silent: 40 * MINUTE } }, false)).not.toMatch(
    /behind|silent/,
  );
});

test.each([
  [null, 'silent for 5m: an idleTimeout in p.from("orders") lets silent splits go.'],
  [10 * MINUTE, "silent for 5m: the idleTimeout lets it go after 10m."],
])("a silent split is told with what lets it go, with an idleTimeout of %s", (idleTimeout, told) => {
  const heldBy = { ...split, behind: MINUTE, silent: 5 * MINUTE, idleTimeout };
  expect(waitingLine({ ...step, heldBy }, false)).toContain(`is 1m behind the furthest, ${told}`);
});

test("a split that has shown no row is told as such", () => {
  const heldBy = { ...split, clock: null, behind: null, silent: 5 * MINUTE };
  const line = waitingLine({ ...step, clock: null, heldBy }, false);
  expect(line).toContain("there is no clock yet. This split has shown no row yet, silent for 5m: ");
});

test("a step that still holds rows is named by the one behind it, and silence is told as silence", () => {
  expect(waitingLine({ ...step, heldBy: { kind: "step", node: "hours" } }, false)).toContain(
    'It waits for "hours", which still holds rows; the clock is at 2026-01-01T09:20:00.000Z.',
  );
  expect(waitingLine(step, false)).toContain("Every split is silent: the next row moves the clock on;");
});

test.each([
  [{ sessions: 1, windows: 0 }, '1 session of "hourly" is still open; --drain closes it'],
  [{ windows: 1200 }, '1,200 windows of "hourly" are still open;'],
  [
    { windows: 0, rows: 3 },
    '3 rows of "hourly" are held until the clock has passed them; --drain gives them',
  ],
  [{ windows: 0, rows: 1 }, '1 row of "hourly" is held until the clock has passed it; --drain gives it'],
])("what is held is counted in its own words: %o", (held, told) => {
  expect(waitingLine({ ...step, ...held }, true)).toContain(told);
});
