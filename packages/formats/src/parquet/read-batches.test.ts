import { t } from "@df/core";
import type { Schema } from "@df/core";
import { batchOf, rowsOf } from "@df/core/batch/rows";
import { describe, expect, test } from "vitest";
import { encodeFile } from "./encode-file.ts";
import { packRows } from "./pack.ts";
import { parquetRowCount, readParquet } from "./read-batches.ts";
import { writeRecords } from "./records.ts";
import type { SchemaElement } from "./records.ts";

function fileOf(schema: Schema, rows: readonly object[]): Uint8Array {
  return encodeFile(schema, packRows(schema, rows.length === 0 ? [] : [batchOf(schema, rows)])).bytes;
}

/** A file with one column, written with the schema element of another writer. */
function columnFile(element: Omit<SchemaElement, "name">, data: readonly unknown[]): Uint8Array {
  const column: SchemaElement = { name: "x", repetition_type: "OPTIONAL", ...element };
  return writeRecords([{ name: "root", num_children: 1 }, column], [{ name: "x", data }]);
}

async function valuesOf(bytes: Uint8Array, schema: Schema): Promise<unknown[]> {
  const batches = await readParquet(bytes, schema, "x.parquet");
  return batches.flatMap((batch) => rowsOf(batch).map(({ x }) => x));
}

const All = t.row({
  id: t.int64(),
  flag: t.bool().nullable(),
  int: t.int32().nullable(),
  float: t.float64().nullable(),
  dec: t.decimal(18, 4).nullable(),
  text: t.string().nullable(),
  raw: t.bytes().nullable(),
  at: t.timestamp().nullable(),
  day: t.date().nullable(),
  doc: t.json().nullable(),
});

const rows = [
  {
    id: 9223372036854775807n,
    flag: false,
    int: -2147483648,
    float: Number.NaN,
    dec: "-99999999999999.9999",
    text: "ü😀\0",
    raw: Uint8Array.of(0, 255),
    at: -1500.5,
    day: "1969-12-31",
    doc: { a: [1, null] },
  },
  {
    id: -9223372036854775808n,
    flag: null,
    int: null,
    float: null,
    dec: null,
    text: null,
    raw: null,
    at: null,
    day: null,
    doc: null,
  },
];

describe("reading Parquet into batches", () => {
  test("gives every type back exactly", async () => {
    const batches = await readParquet(fileOf(All.schema, rows), All.schema, "x");
    expect(batches.flatMap(rowsOf)).toEqual(rows);
  });

  test("also works from a Buffer that is a view on a larger one", async () => {
    const bytes = fileOf(All.schema, rows);
    const larger = Buffer.concat([Buffer.from("before"), bytes, Buffer.from("after")]);
    const batches = await readParquet(larger.subarray(6, 6 + bytes.length), All.schema, "x");
    expect(batches.flatMap(rowsOf)).toEqual(rows);
  });

  test("makes batches of at most 4096 rows, in the file's order", async () => {
    const { schema } = t.row({ x: t.int() });
    const given = Array.from({ length: 9000 }, (_, x) => ({ x }));
    const parts = [given.slice(0, 4096), given.slice(4096, 8192), given.slice(8192)];
    const packed = packRows(
      schema,
      parts.map((part) => batchOf(schema, part)),
    );
    const batches = await readParquet(encodeFile(schema, packed).bytes, schema, "x");
    expect(batches.map(({ length }) => length)).toEqual([4096, 4096, 808]);
    expect(batches.flatMap(rowsOf)).toEqual(given);
  });

  test("takes columns by name, in the order wanted, and null for one that is not there", async () => {
    const wanted = t.row({ later: t.string().nullable(), id: t.int64() }).schema;
    const [batch] = await readParquet(fileOf(All.schema, rows), wanted, "x");
    expect(batch === undefined ? [] : rowsOf(batch)).toEqual(rows.map(({ id }) => ({ later: null, id })));
  });

  test("gives nothing for a file without rows", async () => {
    const bytes = fileOf(All.schema, []);
    expect(await readParquet(bytes, All.schema, "x")).toEqual([]);
    expect(await parquetRowCount(bytes)).toBe(0);
  });

  test("reads decimals as other writers store them", async () => {
    const { schema } = t.row({ x: t.decimal(9, 2).nullable() });
    const decimal = { converted_type: "DECIMAL", precision: 9, scale: 2 } as const;
    const fixed = columnFile({ type: "FIXED_LEN_BYTE_ARRAY", type_length: 5, ...decimal }, [
      -12345n,
      null,
      7n,
    ]);
    expect(await valuesOf(fixed, schema)).toEqual(["-123.45", null, "0.07"]);
    const narrow = columnFile({ type: "INT32", ...decimal }, [-123.45, null, 0.07]);
    expect(await valuesOf(narrow, schema)).toEqual(["-123.45", null, "0.07"]);
  });

  test("reads times in milliseconds, and in nanoseconds rounded down", async () => {
    const { schema } = t.row({ x: t.timestamp().nullable() });
    const millis = columnFile({ type: "INT64", converted_type: "TIMESTAMP_MILLIS" }, [-1n, null]);
    expect(await valuesOf(millis, schema)).toEqual([-1, null]);
    const logical_type = { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "NANOS" } as const;
    const nanos = columnFile({ type: "INT64", logical_type }, [-1_500_499_001n, 1_999n, 2_000n]);
    expect(await valuesOf(nanos, schema)).toEqual([-1500.5, 0.001, 0.002]);
  });

  test.each<[string, Omit<SchemaElement, "name">, readonly unknown[]]>([
    ["text for a number", { type: "BYTE_ARRAY", converted_type: "UTF8" }, ["a"]],
    ["another scale", { type: "INT64", converted_type: "DECIMAL", precision: 9, scale: 3 }, [1n]],
  ])("refuses %s, naming column and file", async (_what, element, data) => {
    const { schema } = t.row({ x: t.decimal(9, 2).nullable() });
    await expect(readParquet(columnFile(element, data), schema, "x.parquet")).rejects.toThrow(
      /"x" of "x\.parquet".*DF_PARQUET/,
    );
  });

  test("refuses bytes that are no Parquet file", async () => {
    await expect(readParquet(new Uint8Array(100), All.schema, "x.parquet")).rejects.toThrow(/DF_PARQUET/);
  });
});
