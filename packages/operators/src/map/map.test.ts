import { expect, test } from "vitest";
import { t, type Shape } from "@df/core";
import { openOperator } from "@df/testing";
import { map } from "./map.ts";

const Row = t.row({ id: t.string(), n: t.int() });
const upserts: Shape = { schema: Row.schema, change: "upsert", key: ["id"], timed: false };
const make = (row: Record<string, unknown>): unknown => ({ m: row["n"] });

test("a keyed stream cannot lose its key", () => {
  const output = t.row({ m: t.int() }).schema;
  expect(() => map({ columns: ["n"], output, make }).outputs([upserts])).toThrow(
    'map drops "id", which is part of the key of this upsert stream. Add "id" to its output. [DF_KEY_LOST]',
  );
});

test("a key column keeps its type", () => {
  const output = t.row({ id: t.int(), m: t.int() }).schema;
  expect(() => map({ columns: ["n"], output, make }).outputs([upserts])).toThrow("DF_KEY_TYPE");
  const nullable = t.row({ id: t.string().nullable(), m: t.int() }).schema;
  expect(() => map({ columns: ["n"], output: nullable, make }).outputs([upserts])).toThrow("DF_KEY_TYPE");
});

test("the function may leave the key out: it is copied", () => {
  const output = t.row({ id: t.string(), m: t.int() }).schema;
  const harness = openOperator(map({ columns: ["n"], output, make }), [
    { schema: Row.schema, change: "upsert", key: ["id"] },
  ]);
  harness.pushLog([{ row: { id: "a", n: 1 } }, { row: { id: "b" }, diff: -1 }]);
  expect(harness.output().map(({ row, diff }) => [row, diff])).toEqual([
    [{ id: "a", m: 1 }, 1],
    [{ id: "b" }, -1],
  ]);
});

test("a value that its column cannot hold refuses the row, naming the column", () => {
  const output = t.row({ m: t.int32() }).schema;
  const harness = openOperator(map({ columns: ["n"], output, make }), [{ schema: Row.schema }]);
  harness.push([
    { id: "a", n: 1 },
    { id: "b", n: 2 ** 40 },
    { id: "c", n: 3 },
  ]);
  expect(harness.take()).toEqual([{ m: 1 }, { m: 3 }]);
  expect(harness.rejected).toHaveLength(1);
  expect(harness.rejected[0]?.reason).toMatch(/Column "m" \(int32\)/);
  expect(Object.fromEntries(harness.counts)).toEqual({ passed: 2, quarantined: 1 });
});

test("a batch of which all rows are refused puts nothing out", () => {
  const output = t.row({ m: t.int32() }).schema;
  const harness = openOperator(map({ columns: [], output, make: () => null }), [{ schema: Row.schema }]);
  harness.push([{ id: "a", n: 1 }]);
  expect(harness.take()).toEqual([]);
  expect(harness.count("quarantined")).toBe(1);
});
