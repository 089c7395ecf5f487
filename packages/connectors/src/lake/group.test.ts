import { t } from "@df/core";
import type { Batch } from "@df/core";
import { rawBatch } from "@df/formats/raw-batch.testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { groupByPartition, PARTITIONS_MAX } from "./group.ts";

function ids(of: Batch): number[] {
  const column = of.columns.at(-1);
  return column?.layout === "int" ? [...column.values.subarray(0, of.length)] : [];
}

test("rows go to the group of their values, in the order in which they came", () => {
  const { schema } = t.row({ city: t.string().nullable(), big: t.int64(), id: t.int32() });
  const groups = groupByPartition(
    [
      rawBatch(schema, [
        ["Bern", 1, 0],
        [null, 1, 1],
        ["Bern", 1, 2],
        ["", 1, 3],
        ["Bern", 2, 4],
      ]),
      // A wide column: its 1 is a bigint, and still the 1 of the batch before.
      rawBatch(schema, [
        ["Bern", 1n, 5],
        ["Bern", 2n ** 60n, 6],
      ]),
    ],
    schema,
    ["city", "big"],
  );
  expect(groups.map(({ values, batches }) => [values, batches.map(ids)])).toEqual([
    [
      ["Bern", "1"],
      [[0, 2], [5]],
    ],
    [[null, "1"], [[1, 3]]],
    [["Bern", "2"], [[4]]],
    [["Bern", "1152921504606846976"], [[6]]],
  ]);
});

test("values are written as Delta reads them", () => {
  const { schema } = t.row({
    flag: t.bool(),
    day: t.date(),
    at: t.timestamp(),
    price: t.decimal(9, 2),
    count: t.int32(),
    id: t.int32(),
  });
  const rows = [
    [1, -1, -1, -5, -3, 0],
    [0, 19_000, 1_700_000_000_000_001, 1234, 7, 1],
  ];
  const groups = groupByPartition([rawBatch(schema, rows)], schema, ["flag", "day", "at", "price", "count"]);
  expect(groups.map(({ values }) => values)).toEqual([
    ["true", "1969-12-31", "1969-12-31 23:59:59.999999", "-0.05", "-3"],
    ["false", "2022-01-08", "2023-11-14 22:13:20.000001", "12.34", "7"],
  ]);
});

test("without partition columns all rows are one group, and no rows are none", () => {
  const { schema } = t.row({ id: t.int32() });
  const one = rawBatch(schema, [[1]]);
  expect(groupByPartition([one], schema, [])).toEqual([{ values: [], batches: [one] }]);
  expect(groupByPartition([], schema, [])).toEqual([]);
});

test("more partitions than a delivery may touch are refused", () => {
  const { schema } = t.row({ p: t.int32(), id: t.int32() });
  const rows = Array.from({ length: PARTITIONS_MAX + 1 }, (_, i) => [i, i]);
  expect(() => groupByPartition([rawBatch(schema, rows)], schema, ["p"])).toThrow(
    /more than 10000.*\(p\).*DF_PARTITION/,
  );
});

test("grouping is what a naive grouping by values gives, however the rows are cut into batches", () => {
  const { schema } = t.row({ a: t.string().nullable(), b: t.int64().nullable(), id: t.int32() });
  const value = fc.constantFrom(null, "", "x", "xx", "y", "é");
  const number = fc.constantFrom(null, 0n, 1n, -1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 63n));
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.tuple(value, number), { minLength: 1, maxLength: 6 }), { maxLength: 5 }),
      (cut) => {
        let id = 0;
        const expected = new Map<string, number[]>();
        const batches = cut.map((rows) =>
          rawBatch(
            schema,
            rows.map(([a, b]) => {
              const key = JSON.stringify([a === "" ? null : a, b === null ? null : String(b)]);
              expected.set(key, [...(expected.get(key) ?? []), id]);
              return [a, b, id++];
            }),
          ),
        );
        const groups = groupByPartition(batches, schema, ["a", "b"]);
        expect(groups.map((group) => [JSON.stringify(group.values), group.batches.flatMap(ids)])).toEqual([
          ...expected,
        ]);
      },
    ),
  );
});
