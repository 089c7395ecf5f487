import { expect, test } from "vitest";
import { BATCH_ROWS_MAX, t } from "@df/core";
import { openOperator } from "@df/testing";
import { FLAT_MAP_ROWS_MAX, flatMap } from "./flat-map.ts";

const Row = t.row({ n: t.int() });
const numbers = flatMap({
  columns: "all",
  output: Row.schema,
  make: (row) => Array.from({ length: row["n"] as number }, (_, n) => ({ n })),
});

test.for([false, true])("rows beyond one batch come in several, in order (output full: %s)", (full) => {
  const harness = openOperator(numbers, [{ schema: Row.schema }], { full });
  const rows = 2 * BATCH_ROWS_MAX + 1;
  harness.push([{ n: rows }, { n: 1 }]);
  expect(harness.take()).toEqual([...Array.from({ length: rows }, (_, n) => ({ n })), { n: 0 }]);
  expect(harness.count("passed")).toBe(2);
});

test("a row that becomes too many rows is refused, and an endless iterator ends", () => {
  const endless = flatMap({
    columns: "all",
    output: Row.schema,
    *make() {
      for (;;) yield { n: 1 };
    },
  });
  const harness = openOperator(endless, [{ schema: Row.schema }]);
  harness.push([{ n: 1 }]);
  expect(harness.take()).toEqual([]);
  expect(harness.rejected[0]?.reason).toContain(String(FLAT_MAP_ROWS_MAX));
});

test("text is not taken for a list of rows", () => {
  const harness = openOperator(flatMap({ columns: [], output: Row.schema, make: () => "abc" }), [
    { schema: Row.schema },
  ]);
  harness.push([{ n: 1 }]);
  expect(harness.rejected[0]?.reason).toMatch(/not string\. \[DF_VALUE\]/);
});

test("streams with updates are refused when the graph is built", () => {
  for (const change of ["upsert", "retract"] as const) {
    expect(() => numbers.outputs([{ schema: Row.schema, change, key: ["n"], timed: false }])).toThrow(
      "DF_CHANGE",
    );
  }
});
