import { expect, test } from "vitest";
import { t } from "@df/core";
import { openOperator, type PlainRow } from "@df/testing";
import { filter } from "./filter.ts";

const Row = t.row({ id: t.string(), n: t.int() });
const rows: PlainRow[] = [
  { id: "a", n: 1 },
  { id: "b", n: 2 },
  { id: "c", n: 3 },
];

test("a row whose condition throws is refused with the reason, and the others are decided as if it were not there", () => {
  const operator = filter({
    columns: "all",
    keep: (row) => {
      if (row["id"] === "b") throw new Error("b is broken");
      return row["n"] === 3;
    },
  });
  const harness = openOperator(operator, [{ schema: Row.schema }]);
  harness.push(rows);
  expect(harness.take()).toEqual([{ id: "c", n: 3 }]);
  expect(harness.rejected).toEqual([{ row: { id: "b", n: 2 }, reason: "b is broken" }]);
  expect(Object.fromEntries(harness.counts)).toEqual({ passed: 1, filtered: 1, quarantined: 1 });
});

test("a condition that returns no boolean refuses the row: a promise would always be true", () => {
  const harness = openOperator(filter({ columns: ["n"], keep: async () => false }), [{ schema: Row.schema }]);
  harness.push(rows.slice(0, 1));
  expect(harness.take()).toEqual([]);
  expect(harness.rejected[0]?.reason).toBe("The condition returned object, not a boolean.");
});

test("where refused rows have no place, nothing of the batch is handed on", () => {
  const operator = filter({
    columns: "all",
    keep: (row) => {
      if (row["id"] === "c") throw new Error("no");
      return true;
    },
  });
  const harness = openOperator(operator, [{ schema: Row.schema }], { stopOnReject: true });
  expect(() => harness.push(rows)).toThrow("DF_REJECTED");
  expect(harness.output()).toEqual([]);
});

test("the condition sees only the columns that were found to be read", () => {
  const seen: unknown[] = [];
  const harness = openOperator(filter({ columns: ["n"], keep: (row) => seen.push(row) > 0 }), [
    { schema: Row.schema },
  ]);
  harness.push(rows.slice(0, 1));
  expect(seen).toEqual([{ n: 1 }]);
});

test("a delete of an upsert stream passes without a call of the condition", () => {
  const harness = openOperator(
    filter({
      columns: "all",
      keep: () => {
        throw new Error("called");
      },
    }),
    [{ schema: Row.schema, change: "upsert", key: ["id"] }],
  );
  harness.pushLog([{ row: { id: "a" }, diff: -1 }]);
  expect(harness.output()).toMatchObject([{ row: { id: "a" }, diff: -1 }]);
  expect(harness.rejected).toEqual([]);
});

test("a column that is not there is refused when the graph is built", () => {
  const operator = filter({ columns: ["nn"], keep: () => true });
  expect(() => operator.outputs([{ schema: Row.schema, change: "append", key: [], timed: false }])).toThrow(
    'There is no column "nn". The columns are: id, n. [DF_NO_COLUMN]',
  );
});

test("it needs the columns of its condition besides those that are wanted", () => {
  const operator = filter({ columns: ["n"], keep: () => true });
  expect(operator.needs([new Set(["id"])], [Row.schema])).toEqual([new Set(["id", "n"])]);
});
