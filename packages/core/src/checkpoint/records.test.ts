import { expect, test } from "vitest";
import { type CheckpointRecord, clocksAt, storedTime } from "./records.ts";

test("a time is stored as JSON: before the first row as null, after a drain as the largest finite one", () => {
  const stored = [5, 0, -5, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY].map(storedTime);
  expect(JSON.parse(JSON.stringify(stored))).toEqual([5, 0, -5, null, Number.MAX_SAFE_INTEGER]);
});

test("a clock of a source is found in a record of this version, and in one that has it among those of the steps", () => {
  const record: CheckpointRecord = { epoch: 1, splits: [], clocks: { step: 3 }, ledger: [], drained: false };
  const clocks = { log: 5, quiet: null, step: 3 };
  const sources = { log: { clock: 5, status: "live" }, quiet: { clock: null, status: "idle" } } as const;
  expect(clocksAt({ ...record, sources })).toEqual(clocks);
  expect(clocksAt({ ...record, clocks })).toEqual(clocks);
});
