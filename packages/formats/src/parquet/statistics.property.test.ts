import type { ColumnType } from "@df/core";
import { unicodeText } from "@df/testing/unicode-text";
import fc from "fast-check";
import { expect, test } from "vitest";
import { rawColumn } from "../raw-batch.testing.ts";
import type { RawCell } from "../raw-batch.testing.ts";
import { boundsOf } from "./bounds.ts";
import { columnStatistics } from "./statistics.ts";
import { presentValues } from "./values.ts";

function statisticsOf(type: ColumnType, cells: readonly RawCell[]): object {
  const field = { name: "c", type, nullable: true, optional: false };
  const values = presentValues(field, rawColumn(type, cells), 0, cells.length);
  return columnStatistics(field, cells.length - values.count, boundsOf(values));
}

/** The bounds by sorting. */
function expected<T>(cells: readonly (T | null)[], compare: (a: T, b: T) => number): object {
  const values = cells.filter((cell) => cell !== null).toSorted(compare);
  const nullCount = cells.length - values.length;
  return values.length === 0
    ? { name: "c", nullCount }
    : { name: "c", nullCount, min: values[0], max: values.at(-1) };
}

test("bounds of doubles are those of sorting, without nulls, NaN and the sign of zero", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.double())), (cells) => {
      const nulls = cells.filter((cell) => cell === null).length;
      const numbers = cells.filter((cell) => !Number.isNaN(cell)).map((cell) => (cell === 0 ? 0 : cell));
      const bounds = expected(numbers, (a, b) => (a < b ? -1 : Number(a > b)));
      expect(statisticsOf({ kind: "float64" }, cells)).toEqual({ ...bounds, nullCount: nulls });
    }),
  );
});

test("bounds of int64 are exact over the whole range, and bigints", () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.oneof(fc.bigInt(-5n, 5n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)))),
      (cells) => {
        const bounds = expected(cells, (a, b) => (a < b ? -1 : Number(a > b)));
        expect(statisticsOf({ kind: "int64", as: "bigint" }, cells)).toEqual(bounds);
      },
    ),
  );
});

test("bounds of text follow its UTF-8 bytes", () => {
  const text = fc.oneof(unicodeText(4), fc.constantFrom("\uffff", "\u{10000}", "", "\ufeffa"));
  fc.assert(
    fc.property(fc.array(fc.option(text)), (cells) => {
      const bounds = expected(cells, (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(statisticsOf({ kind: "string" }, cells)).toEqual(bounds);
    }),
  );
});

test("bytes and JSON have a null count and no bounds", () => {
  expect(statisticsOf({ kind: "bytes" }, ["a", null])).toEqual({ name: "c", nullCount: 1 });
  expect(statisticsOf({ kind: "json" }, ["1", "2"])).toEqual({ name: "c", nullCount: 0 });
});

test("a bool's bounds are 0 and 1, a timestamp's are bigints", () => {
  expect(statisticsOf({ kind: "bool" }, [1, 0])).toEqual({ name: "c", nullCount: 0, min: 0, max: 1 });
  expect(statisticsOf({ kind: "timestamp", json: "iso" }, [5, -7])).toEqual({
    name: "c",
    nullCount: 0,
    min: -7n,
    max: 5n,
  });
});
