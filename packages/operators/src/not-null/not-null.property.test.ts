import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { t } from "@df/core";
import { checkOperator, keyedLogs, logArbitrary, type Entry } from "@df/testing";
import { notNull } from "./not-null.ts";

const Row = t.row({ id: t.string(), n: t.int64().nullable(), text: t.string().optional() });
const row = fc.record({
  id: fc.constantFrom("a", "b", "c"),
  n: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  text: fc.option(fc.string({ maxLength: 3 })),
});
const isFull = (entry: Entry): boolean => entry.row["n"] !== null && entry.row["text"] !== null;
const operator = notNull(["n", "text"]);

describe("notNull drops the rows with a null in one of the columns", () => {
  test("on append streams", () =>
    checkOperator({
      operator,
      inputs: [{ schema: Row.schema }],
      logs: logArbitrary(row).map((log) => [log]),
      anyOrder: true,
      oracle: ({ inputs: [entries = []] }) => ({
        ports: [entries.filter(isFull).map(({ row: plain }) => ({ row: plain }))],
        counts: { filtered: entries.filter((entry) => !isFull(entry)).length },
      }),
    }));

  test("on upsert streams, where it deletes their keys", () =>
    checkOperator({
      operator,
      inputs: [{ schema: Row.schema, change: "upsert", key: ["id"] }],
      logs: keyedLogs(row, "id", [1, 1, -1]),
      oracle: ({ inputs: [entries = []] }) => ({
        ports: [entries.map((entry) => ({ row: entry.row, diff: isFull(entry) ? entry.diff : -1 }))],
      }),
    }));
});

test("the columns are not nullable afterwards", () => {
  const [shape] = operator.outputs([{ schema: Row.schema, change: "append", key: [], timed: false }]);
  expect(shape?.schema.fields.map(({ nullable, optional }) => nullable || optional)).toEqual([
    false,
    false,
    false,
  ]);
});
