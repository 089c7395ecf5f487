import type { Column, ColumnType, Schema } from "@df/core";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import type { ColumnMetaData } from "hyparquet";
import { expect, test } from "vitest";
import { rawColumn } from "../raw-batch.testing.ts";
import type { RawCell } from "../raw-batch.testing.ts";
import { encodeFile, ENCODE_LIMITS } from "./encode-file.ts";
import type { ParquetFile } from "./encoder.ts";
import { asyncBuffer } from "./records.ts";

/** A file with the column `c`. */
function fileOf(type: ColumnType, cells: readonly RawCell[], limits = {}): ParquetFile {
  return columnFile(type, rawColumn(type, cells), cells.length, limits);
}

function columnFile(type: ColumnType, column: Column, rows: number, limits = {}): ParquetFile {
  const schema: Schema = { fields: [{ name: "c", type, nullable: true, optional: false }] };
  return encodeFile(schema, { rows, columns: [column] }, { limits: { ...ENCODE_LIMITS, ...limits } });
}

async function readBack({ bytes }: ParquetFile): Promise<unknown[]> {
  const rows = await parquetReadObjects({ file: asyncBuffer(bytes) });
  return rows.map(({ c }) => c);
}

function chunksOf({ bytes }: ParquetFile): ColumnMetaData[] {
  const { row_groups: groups } = parquetMetadata(new Uint8Array(bytes).buffer);
  return groups.flatMap(({ columns }) => columns.flatMap(({ meta_data: chunk }) => chunk ?? []));
}

/** Encoding and number of the data pages of each chunk. */
function dataPages(file: ParquetFile): unknown[] {
  return chunksOf(file).map(({ encoding_stats: pages }) => {
    const { encoding, count } = pages?.find(({ page_type: type }) => type === "DATA_PAGE") ?? {};
    return [encoding, count];
  });
}

const repeat = <T>(count: number, cell: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => cell(i));
const STRING = { kind: "string" } as const;
const INT64 = { kind: "int64", as: "bigint" } as const;

test("text that repeats gets a dictionary, text that does not is written as it is", async () => {
  const few = repeat(1000, (i) => `channel-${i % 30}`);
  const all = repeat(1000, (i) => `channel-${i}`);
  expect(dataPages(fileOf(STRING, few))).toEqual([["RLE_DICTIONARY", 1]]);
  expect(dataPages(fileOf(STRING, all))).toEqual([["PLAIN", 1]]);
  expect(await readBack(fileOf(STRING, few))).toEqual(few);
  expect(await readBack(fileOf(STRING, all))).toEqual(all);
});

test("the footer says which id a format has for a column, and how decimals and pages are stored", () => {
  const type = { kind: "decimal", precision: 10, scale: 2 } as const;
  const schema: Schema = { fields: [{ name: "c", type, nullable: true, optional: false }] };
  const packed = { rows: 2, columns: [rawColumn(type, [-1n, 2n])] };
  const form = { compression: "zstd", decimals: "fixed", fieldIds: { c: 12 } } as const;
  const file = encodeFile(schema, packed, { form });
  const element = { name: "c", field_id: 12, type: "FIXED_LEN_BYTE_ARRAY", type_length: 5 };
  expect(parquetMetadata(new Uint8Array(file.bytes).buffer).schema[1]).toMatchObject(element);
  expect(chunksOf(file)[0]).toMatchObject({ codec: "ZSTD", type: "FIXED_LEN_BYTE_ARRAY" });
});

test("a column with the name of what every object inherits has no id but a given one", () => {
  const type = { kind: "int32" } as const;
  const fields = [{ name: "constructor", type, nullable: true, optional: false }];
  const form = { compression: "snappy", decimals: "int64", fieldIds: { c: 12 } } as const;
  const { bytes } = encodeFile({ fields }, { rows: 1, columns: [rawColumn(type, [1])] }, { form });
  expect(parquetMetadata(new Uint8Array(bytes).buffer).schema[1]?.field_id).toBeUndefined();
});

test("numbers that repeat get a dictionary, also where their words are equal crosswise", async () => {
  const few = repeat(2000, (i) => (BigInt(i % 7) << 32n) + BigInt((i * 3) % 5));
  expect(dataPages(fileOf(INT64, few))).toEqual([["RLE_DICTIONARY", 1]]);
  expect(await readBack(fileOf(INT64, few))).toEqual(few);
  const days = repeat(2000, (i) => (i % 40) - 20);
  expect(dataPages(fileOf({ kind: "int32" }, days))).toEqual([["RLE_DICTIONARY", 1]]);
  expect(await readBack(fileOf({ kind: "int32" }, days))).toEqual(days);
});

test.each([
  ["of too many values", { dictionaryValues: 29 }, { dictionaryValues: 30 }],
  ["of too many bytes", { dictionaryBytes: 30 * 13 - 1 }, { dictionaryBytes: 30 * 13 }],
])(
  "a dictionary %s is dropped for the whole row group, and the next one begins anew",
  async (_, over, fits) => {
    // 9 bytes of text and 4 of its length each; the second row group has few again.
    const texts = [
      ...repeat(500, (i) => `channel${10 + (i % 30)}`),
      ...repeat(500, (i) => `channel${10 + (i % 3)}`),
    ];
    const dropped = fileOf(STRING, texts, { ...over, rowGroupRows: 500 });
    expect(dataPages(dropped)).toEqual([
      ["PLAIN", 1],
      ["RLE_DICTIONARY", 1],
    ]);
    expect(await readBack(dropped)).toEqual(texts);
    const kept = fileOf(STRING, texts, { ...fits, rowGroupRows: 500 });
    expect(dataPages(kept)).toEqual([
      ["RLE_DICTIONARY", 1],
      ["RLE_DICTIONARY", 1],
    ]);
    expect(await readBack(kept)).toEqual(texts);
  },
);

test("values whose hashes are chosen to collide cost the dictionary, and not the time of all pairs", async () => {
  // The lower word takes out of the hash what the upper one brings in. Each comes twice: a dictionary would pay.
  const colliding = repeat(120_000, (i) => {
    const upper = Math.floor(i / 2);
    return (BigInt(upper) << 32n) + BigInt(Math.imul(upper, 0x85ebca6b) >>> 0);
  });
  const file = fileOf(INT64, colliding);
  expect(dataPages(file)).toEqual([["PLAIN", 1]]);
  expect(await readBack(file)).toEqual(colliding);
  const harmless = colliding.map((value) => value >> 32n);
  expect(dataPages(fileOf(INT64, harmless))).toEqual([["RLE_DICTIONARY", 1]]);
});

test("pages end where their bytes are full, and a row of more has a page of its own", async () => {
  const numbers = repeat(100, (i) => BigInt(i));
  expect(dataPages(fileOf(INT64, numbers, { pageBytes: 80 }))).toEqual([["PLAIN", 10]]);
  expect(dataPages(fileOf(INT64, numbers, { pageBytes: 88 }))).toEqual([["PLAIN", 10]]);
  expect(dataPages(fileOf(INT64, numbers, { pageBytes: 1 }))).toEqual([["PLAIN", 100]]);
  expect(await readBack(fileOf(INT64, numbers, { pageBytes: 88 }))).toEqual(numbers);
  const texts = ["a", "b".repeat(50), "c", "d", null, null, "e"];
  const file = fileOf(STRING, texts, { pageBytes: 10 });
  expect(dataPages(file)).toEqual([["PLAIN", 4]]);
  expect(await readBack(file)).toEqual(texts);
});

test("row groups end where their rows are full", async () => {
  for (const [rows, groups] of [
    [0, []],
    [1, [1]],
    [9, [9]],
    [10, [10]],
    [11, [10, 1]],
    [20, [10, 10]],
  ] as const) {
    const cells = repeat(rows, (i) => i);
    const file = fileOf({ kind: "int32" }, cells, { rowGroupRows: 10 });
    expect(chunksOf(file).map(({ num_values: values }) => Number(values))).toEqual(groups);
    expect(await readBack(file)).toEqual(cells);
  }
});

test("pages and row groups of nothing but null are read between others", async () => {
  for (const type of [STRING, INT64, { kind: "bool" }, { kind: "float64" }] as const) {
    const cells = repeat(300, () => null);
    expect(await readBack(fileOf(type, cells, { rowGroupRows: 100 }))).toEqual(cells);
  }
  const mixed = repeat(300, (i) => (i >= 80 && i < 230 ? null : BigInt(i)));
  const file = fileOf(INT64, mixed, { rowGroupRows: 100, pageBytes: 80 });
  expect(await readBack(file)).toEqual(mixed);
  expect(chunksOf(file).map(({ statistics }) => statistics)).toMatchObject([
    { null_count: 20n, min_value: 0n, max_value: 79n },
    { null_count: 100n },
    { null_count: 30n, min_value: 230n, max_value: 299n },
  ]);
});

test("slices that overlap, repeat and lie in any order are written as the texts that they are", async () => {
  const bytes = new TextEncoder().encode("abcdef");
  const starts = Int32Array.of(3, 0, 0, 3, 1, 6, 0);
  const ends = Int32Array.of(6, 6, 3, 6, 4, 6, 0);
  const file = columnFile(STRING, { layout: "text", bytes, starts, ends }, 7);
  expect(await readBack(file)).toEqual(["def", "abcdef", "abc", "def", "bcd", "", ""]);
  expect(file.statistics).toEqual([{ name: "c", nullCount: 0, min: "", max: "def" }]);
});

test("texts of megabytes are read back, and their bounds are short in the file and whole beside it", async () => {
  const huge = ["x".repeat(3_000_000), "é".repeat(700_000), "a", "x".repeat(3_000_001)];
  const file = fileOf(STRING, huge);
  expect(await readBack(file)).toEqual(huge);
  const { statistics } = chunksOf(file)[0] ?? {};
  expect([statistics?.min_value, statistics?.is_min_value_exact]).toEqual(["a", true]);
  expect(statistics?.max_value).toBeUndefined();
  expect(file.statistics).toEqual([{ name: "c", nullCount: 0, min: "a", max: huge[1] }]);
});

test("a timestamp that is no whole microsecond, or none at all, is refused by name", () => {
  for (const at of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 63]) {
    const encode = (): ParquetFile => fileOf({ kind: "timestamp", json: "us" }, [1, at]);
    expect(encode).toThrow(`Column "c" holds ${at}, and a timestamp is stored as a whole number`);
  }
});

test("what is written of a chunk's sizes and places covers the file, byte by byte", () => {
  const file = fileOf(
    STRING,
    repeat(1000, (i) => `channel-${i % 30}`),
    { rowGroupRows: 300 },
  );
  let at = 4;
  for (const chunk of chunksOf(file)) {
    expect(chunk.dictionary_page_offset).toBe(BigInt(at));
    expect(chunk.data_page_offset).toBeGreaterThan(at);
    at += Number(chunk.total_compressed_size);
  }
  const footerAt = file.bytes.length - 8;
  const size = new DataView(file.bytes.buffer).getUint32(footerAt, true);
  expect(at).toBe(footerAt - size);
});

test("a zero is −0 as the smallest double of a row group and +0 as the largest, and 0 beside the file", () => {
  const boundsOf = (...cells: number[]): unknown[] => {
    const file = fileOf({ kind: "float64" }, cells);
    const { statistics } = chunksOf(file)[0] ?? {};
    return [statistics?.min_value, statistics?.max_value, file.statistics[0]?.min, file.statistics[0]?.max];
  };
  // toEqual tells −0 from 0.
  expect(boundsOf(0, 1)).toEqual([-0, 1, 0, 1]);
  expect(boundsOf(-0, -1)).toEqual([-1, 0, -1, 0]);
  expect(boundsOf(0)).toEqual([-0, 0, 0, 0]);
  expect(boundsOf(-0)).toEqual([-0, 0, 0, 0]);
});
