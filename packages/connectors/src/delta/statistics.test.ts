import { t } from "@df/core";
import type { ColumnType } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import { describe, expect, test } from "vitest";
import { inlineEncoder } from "./table.testing.ts";
import { fileStatistics, looseStatistics, lowerBound, recordCount, upperBound } from "./statistics.ts";

const text: ColumnType = { kind: "string" };
const time: ColumnType = { kind: "timestamp", json: "iso" };

async function statsOf(row: Parameters<typeof t.row>[0], rows: readonly object[]): Promise<string> {
  const { schema } = t.row(row);
  const batches = [batchOf(schema, rows)];
  const { statistics } = await inlineEncoder.encode(schema, batches);
  return fileStatistics(schema, rows.length, statistics, batches);
}

describe("statistics of a file", () => {
  test("write int64 and decimal with all their digits", async () => {
    const stats = await statsOf({ n: t.int64(), d: t.decimal(18, 3) }, [
      { n: -9223372036854775808n, d: "-0.005" },
      { n: 9223372036854775807n, d: "999999999999999.999" },
    ]);
    expect(stats).toBe(
      '{"numRecords":2,"tightBounds":true,"minValues":{"n":-9223372036854775808,"d":-0.005},' +
        '"maxValues":{"n":9223372036854775807,"d":999999999999999.999},"nullCount":{"n":0,"d":0}}',
    );
  });

  test("count nulls, and have no bounds where there is nothing else", async () => {
    const stats = await statsOf({ a: t.int32().nullable(), b: t.string().nullable() }, [
      { a: null, b: "x" },
      { a: null, b: null },
    ]);
    expect(JSON.parse(stats)).toEqual({
      numRecords: 2,
      tightBounds: true,
      minValues: { b: "x" },
      maxValues: { b: "x" },
      nullCount: { a: 2, b: 1 },
    });
  });

  test("have no maximum where there is NaN, which readers hold for the largest number", async () => {
    const { minValues, maxValues } = JSON.parse(
      await statsOf({ f: t.float64() }, [{ f: 1 }, { f: Number.NaN }]),
    ) as {
      readonly minValues: object;
      readonly maxValues: object;
    };
    expect(minValues).toEqual({ f: 1 });
    expect(maxValues).toEqual({});
  });

  test("leave out infinite bounds, which JSON cannot write", async () => {
    const rows = [{ f: Number.NEGATIVE_INFINITY }, { f: 1 }];
    expect(JSON.parse(await statsOf({ f: t.float64() }, rows))).toMatchObject({
      minValues: {},
      maxValues: { f: 1 },
    });
  });

  test("count -0 and 0 as one range on both sides", () => {
    expect(lowerBound({ kind: "float64" }, 0)).toBe("-0.0");
    expect(upperBound({ kind: "float64" }, -0)).toBe("0.0");
  });

  test("round times outwards to milliseconds, before 1970 too", () => {
    expect(lowerBound(time, 1_000_999n)).toBe('"1970-01-01T00:00:01.000Z"');
    expect(upperBound(time, 1_000_001n)).toBe('"1970-01-01T00:00:01.001Z"');
    expect(lowerBound(time, -1n)).toBe('"1969-12-31T23:59:59.999Z"');
    expect(upperBound(time, -1n)).toBe('"1970-01-01T00:00:00.000Z"');
    expect(upperBound(time, 5_000n)).toBe('"1970-01-01T00:00:00.005Z"');
  });

  test("cut long text after 32 characters, and raise the last one of an upper bound", () => {
    const long = `${"a".repeat(31)}zz`;
    expect(lowerBound(text, long)).toBe(JSON.stringify(`${"a".repeat(31)}z`));
    expect(upperBound(text, long)).toBe(JSON.stringify(`${"a".repeat(31)}{`));
    expect(upperBound(text, "a".repeat(32))).toBe(JSON.stringify("a".repeat(32)));
  });

  test("never cut a character, nor raise one into a surrogate", () => {
    expect(lowerBound(text, "😀".repeat(33))).toBe(JSON.stringify("😀".repeat(32)));
    expect(upperBound(text, "\ud7ff".repeat(33))).toBe(JSON.stringify(`${"\ud7ff".repeat(31)}\ue000`));
    expect(upperBound(text, `${"a".repeat(31)}\u{10ffff}\u{10ffff}`)).toBe(
      JSON.stringify(`${"a".repeat(30)}b`),
    );
  });

  test("have no upper bound for text that nothing is above of", () => {
    expect(upperBound(text, "\u{10ffff}".repeat(33))).toBeUndefined();
  });

  test("have no bounds for bool, bytes and json", async () => {
    const stats = await statsOf({ a: t.bool(), b: t.bytes(), c: t.json() }, [
      { a: true, b: Uint8Array.of(1), c: {} },
    ]);
    expect(JSON.parse(stats)).toMatchObject({
      minValues: {},
      maxValues: {},
      nullCount: { a: 0, b: 0, c: 0 },
    });
  });

  test("keep every digit when rows of the file are deleted, also where a column has the name of a property", () => {
    const stats =
      '{"numRecords":3,"minValues":{"n":-9223372036854775808,"d":0.10,"tightBounds":true},"tightBounds":true}';
    expect(looseStatistics(stats)).toBe(
      '{"numRecords":3,"minValues":{"n":-9223372036854775808,"d":0.10,"tightBounds":true},"tightBounds":false}',
    );
  });

  test("say how many rows there are, or nothing", () => {
    expect(recordCount('{"numRecords":7}')).toBe(7);
    expect(recordCount("{}")).toBeUndefined();
    expect(recordCount(undefined)).toBeUndefined();
  });
});
