import { expect, test } from "vitest";
import { DataflowError, t } from "@df/core";
import { openOperator, type PlainRow } from "@df/testing";
import { validate } from "./validate.ts";

const Row = t.row({ id: t.string(), n: t.int() });
const rows: PlainRow[] = [
  { id: "a", n: 1 },
  { id: "b", n: 2 },
  { id: "c", n: 3 },
];
const odd = (row: Record<string, unknown>): string | undefined =>
  (row["n"] as number) % 2 === 1 ? undefined : "n is even";

test.each([true, false])(
  "a row with a fault is refused with the reason, and the others pass (generated: %s)",
  (generate) => {
    const harness = openOperator(validate({ columns: ["n"], fault: odd }), [{ schema: Row.schema }], {
      generate,
    });
    harness.push(rows);
    expect(harness.take()).toEqual([rows[0], rows[2]]);
    expect(harness.rejected).toEqual([{ row: rows[1], reason: "n is even" }]);
    expect(Object.fromEntries(harness.counts)).toEqual({ passed: 2, quarantined: 1 });
  },
);

test("a check that throws refuses the row with what it throws", () => {
  const fault = (): string => {
    throw new TypeError("no such thing");
  };
  const harness = openOperator(validate({ columns: "all", fault }), [{ schema: Row.schema }]);
  harness.push(rows.slice(0, 1));
  expect(harness.rejected).toEqual([{ row: rows[0], reason: "no such thing" }]);
});

test("a check that is none ends the run, and nothing of the batch is handed on", () => {
  const fault = (row: Record<string, unknown>): undefined => {
    if (row["id"] === "c") throw new DataflowError("DF_VALIDATOR", "It is asynchronous.");
    return undefined;
  };
  const harness = openOperator(validate({ columns: "all", fault }), [{ schema: Row.schema }]);
  expect(() => harness.push(rows)).toThrow("DF_VALIDATOR");
  expect(harness.output()).toEqual([]);
});

test("the check sees the columns that it names", () => {
  const seen: unknown[] = [];
  const fault = (row: Record<string, unknown>): undefined => void seen.push(row);
  const operator = validate({ columns: ["n"], fault });
  openOperator(operator, [{ schema: Row.schema }]).push(rows.slice(0, 1));
  expect(seen).toEqual([{ n: 1 }]);
  expect(operator.needs([new Set(["id"])], [Row.schema])).toEqual([new Set(["id", "n"])]);
});
