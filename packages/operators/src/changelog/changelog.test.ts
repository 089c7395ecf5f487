import { expect, test } from "vitest";
import { BATCH_ROWS_MAX, t } from "@df/core";
import { openOperator, type TestInput } from "@df/testing";
import { changelog } from "./changelog.ts";

const Row = t.row({ id: t.string(), n: t.int() });
const INPUT: TestInput = { schema: Row.schema, change: "upsert", key: ["id"] };

test("an update is the old row with -1 and the new one with +1, a delete the old row with -1", () => {
  const harness = openOperator(changelog({ key: ["id"] }), [INPUT]);
  harness.pushLog([
    { row: { id: "a", n: 1 } },
    { row: { id: "a", n: 2 } },
    { row: { id: "a", n: 2 } },
    { row: { id: "b" }, diff: -1 },
    { row: { id: "a" }, diff: -1 },
    { row: { id: "a" }, diff: -1 },
    { row: { id: "a", n: 3 } },
  ]);
  expect(harness.output().map(({ row, diff }) => [diff, row["n"]])).toEqual([
    [1, 1],
    [-1, 1],
    [1, 2],
    [-1, 2],
    [1, 3],
  ]);
});

test("the halves of an update are never parted by the end of a batch", () => {
  const harness = openOperator(changelog({ key: ["id"] }), [INPUT], { full: true });
  const ids = Array.from({ length: BATCH_ROWS_MAX }, (_, i) => String(i));
  harness.push(ids.map((id) => ({ id, n: 1 })));
  harness.pushLog([{ row: { id: "0" }, diff: -1 }, ...ids.slice(1).map((id) => ({ row: { id, n: 2 } }))]);
  // One −1 and 4095 updates are 8191 rows: the second batch ends one row early.
  expect(harness.batchLengths()).toEqual([BATCH_ROWS_MAX, BATCH_ROWS_MAX - 1, BATCH_ROWS_MAX]);
  const diffs = harness.output().map(({ diff }) => diff);
  expect(diffs.slice(BATCH_ROWS_MAX + 1).filter((diff, i) => diff !== (i % 2 === 0 ? -1 : 1))).toEqual([]);
});

test("a key that was deleted, or never there, leaves nothing in the state", () => {
  const harness = openOperator(changelog({ key: ["id"] }), [INPUT]);
  harness.push([{ id: "a", n: 1 }]);
  harness.pushLog([
    { row: { id: "a" }, diff: -1 },
    { row: { id: "b" }, diff: -1 },
    { row: { id: "b" }, diff: -1 },
  ]);
  expect(harness.stateRows()).toBe(0);
});

test("streams that are no upserts are refused", () => {
  const shape = { schema: Row.schema, key: ["id"], timed: false };
  expect(() => changelog({ key: ["id"] }).outputs([{ ...shape, change: "append" }])).toThrow("DF_CHANGE");
  expect(() => changelog({ key: ["n"] }).outputs([{ ...shape, change: "upsert" }])).toThrow(
    "DF_CHANGELOG_KEY",
  );
});
