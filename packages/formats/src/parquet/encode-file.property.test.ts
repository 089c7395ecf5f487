import type { Column, Field, Schema } from "@df/core";
import { ColumnBuilder } from "@df/core";
import { batchArbitrary, schemaArbitrary } from "@df/testing";
import { unicodeText } from "@df/testing/unicode-text";
import fc from "fast-check";
import { parquetMetadata, parquetRead } from "hyparquet";
import type { ColumnMetaData, FileMetaData, SchemaElement } from "hyparquet";
import { expect, test } from "vitest";
import { encodeFile } from "./encode-file.ts";
import { fileArbitrary } from "./files.testing.ts";
import { hyparquetFile } from "./hyparquet-file.testing.ts";
import type { PackedRows } from "./pack.ts";
import { asyncBuffer } from "./records.ts";

/** Values as they lie in the file: text as bytes, everything of 64 bits as bigint. */
type Stored = boolean | number | bigint | Uint8Array | null;

/** The file column by column, with the logical types taken off so that nothing is rounded on the way. */
async function columnsOf(bytes: Uint8Array): Promise<Stored[][]> {
  const metadata = metadataOf(bytes);
  const bare = ({ name, type, repetition_type, num_children }: SchemaElement): SchemaElement => ({
    name,
    ...(type && { type }),
    ...(repetition_type && { repetition_type }),
    ...(num_children === undefined ? {} : { num_children }),
  });
  const plain: FileMetaData = { ...metadata, schema: metadata.schema.map(bare) };
  let rows: unknown[][] = [];
  await parquetRead({
    file: asyncBuffer(bytes),
    metadata: plain,
    utf8: false,
    onComplete: (read) => {
      rows = read as unknown as unknown[][];
    },
  });
  return metadata.schema.slice(1).map((_, i) => rows.map((row) => row[i] as Stored));
}

function metadataOf(bytes: Uint8Array): FileMetaData {
  return parquetMetadata(new Uint8Array(bytes).buffer);
}

/** What the file has to hold. */
function expectedColumns(schema: Schema, { rows, columns }: PackedRows): Stored[][] {
  return schema.fields.map((field, i) =>
    Array.from({ length: rows }, (_, row) => storedValue(field, columns[i] as Column, row)),
  );
}

function storedValue(field: Field, column: Column, row: number): Stored {
  if (column.validity?.[row] === 0) return null;
  if (column.layout === "text") return column.bytes.slice(column.starts[row], column.ends[row]);
  const value = column.values[row] as number | bigint;
  if (column.layout === "bool") return value === 1;
  return column.layout === "long" || field.type.kind === "timestamp" ? BigInt(value) : value;
}

test("a file holds its rows, whatever the limits, and the same as the file of another writer", async () => {
  await fc.assert(
    fc.asyncProperty(fileArbitrary(schemaArbitrary, batchArbitrary), async ({ schema, packed, limits }) => {
      const file = encodeFile(schema, packed, { limits });
      const read = await columnsOf(file.bytes);
      // toEqual tells −0 from 0.
      expect(read).toEqual(expectedColumns(schema, packed));
      const other = hyparquetFile(schema, packed, limits.rowGroupRows);
      expect(read).toEqual(await columnsOf(other));
      expect(metadataOf(file.bytes).schema).toEqual(metadataOf(other).schema);
      expect(file.rows).toBe(packed.rows);
      expect(metadataOf(file.bytes).num_rows).toBe(BigInt(packed.rows));
    }),
  );
});

/** The order in which readers compare: bools as 0 and 1, text by its bytes. */
function isAtMost(a: Stored, b: Stored): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) <= 0;
  return (a as number) <= (b as number);
}

type Statistics = NonNullable<ColumnMetaData["statistics"]>;

/** A bound as the footer has it, which hyparquet would turn into a Date or a rounded number. */
function rawMetadata(bytes: Uint8Array): FileMetaData {
  const parsers = {
    timestampFromMilliseconds: (value: bigint) => value,
    timestampFromMicroseconds: (value: bigint) => value,
    timestampFromNanoseconds: (value: bigint) => value,
    dateFromDays: (value: number) => value,
    stringFromBytes: (value: Uint8Array) => value,
  };
  return parquetMetadata(new Uint8Array(bytes).buffer, { parsers: parsers as never });
}

test("every value of a chunk lies within its bounds, exact ones are values, and nulls are counted", () => {
  fc.assert(
    fc.property(fileArbitrary(schemaArbitrary, batchArbitrary), ({ schema, packed, limits }) => {
      const { row_groups: rowGroups } = rawMetadata(encodeFile(schema, packed, { limits }).bytes);
      const columns = expectedColumns(schema, packed);
      let start = 0;
      for (const group of rowGroups) {
        const end = start + Number(group.num_rows);
        for (const [i, field] of schema.fields.entries()) {
          const values = (columns[i] as Stored[]).slice(start, end).filter((value) => value !== null);
          const { statistics } = group.columns[i]?.meta_data ?? {};
          expect(statistics?.null_count).toBe(BigInt(end - start - values.length));
          // A bound of a decimal is read as a rounded number of another scale.
          if (field.type.kind === "decimal") continue;
          checkBounds(field, values, statistics);
        }
        start = end;
      }
    }),
  );
});

/** No values, or NaN among them, have no bounds; other values have such that hold, and are values where they say so. */
function checkBounds(field: Field, values: readonly Stored[], statistics: Statistics | undefined): void {
  const min = statistics?.min_value as Stored;
  const max = statistics?.max_value as Stored;
  const isBounded = values.length > 0 && !values.some(Number.isNaN);
  expect([min === undefined, max === undefined]).toEqual([!isBounded, !isBounded]);
  const outside = values.filter((value) => isBounded && !(isAtMost(min, value) && isAtMost(value, max)));
  expect(outside).toEqual([]);
  const isThere = (bound: Stored): boolean =>
    values.some((value) => isAtMost(value, bound) && isAtMost(bound, value));
  expect([isThere(min), isThere(max)]).toEqual([
    isBounded && statistics?.is_min_value_exact,
    isBounded && statistics?.is_max_value_exact,
  ]);
  const isWrongZero = Object.is(min, 0) || Object.is(max, -0);
  expect(field.type.kind === "float64" && isWrongZero).toBe(false);
}

/** A column of text alone. */
function textFile(
  texts: readonly (string | Uint8Array | null)[],
  kind: "string" | "bytes" = "string",
): {
  readonly schema: Schema;
  readonly packed: PackedRows;
} {
  const builder = new ColumnBuilder({ kind });
  for (const text of texts) {
    if (text === null) builder.null();
    else if (typeof text === "string") builder.string(text);
    else builder.text(text, 0, text.length);
  }
  const schema: Schema = { fields: [{ name: "c", type: { kind }, nullable: true, optional: false }] };
  return { schema, packed: { rows: texts.length, columns: [builder.take()] } };
}

test("bounds of long texts are cut so that they still hold, and stay valid UTF-8", () => {
  const long = fc
    .tuple(
      fc.constantFrom("a".repeat(62), "\x7f".repeat(63), "é".repeat(31), "\u{10ffff}".repeat(20), ""),
      unicodeText(30),
      fc.constantFrom("", "z".repeat(70), "\u{10ffff}".repeat(20)),
    )
    .map((parts) => parts.join("").toWellFormed());
  fc.assert(
    fc.property(fc.array(long, { minLength: 1, maxLength: 6 }), (texts) => {
      const { schema, packed } = textFile(texts);
      const [group] = rawMetadata(encodeFile(schema, packed).bytes).row_groups;
      const { min_value: min, max_value: max } = group?.columns[0]?.meta_data?.statistics ?? {};
      const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
      const encoder = new TextEncoder();
      expect((min as unknown as Uint8Array).length).toBeLessThanOrEqual(64);
      for (const text of texts) expect(isAtMost(min as unknown as Stored, encoder.encode(text))).toBe(true);
      utf8.decode(min as unknown as Uint8Array);
      if (max === undefined) return;
      expect((max as unknown as Uint8Array).length).toBeLessThanOrEqual(64);
      for (const text of texts) expect(isAtMost(encoder.encode(text), max as unknown as Stored)).toBe(true);
      utf8.decode(max as unknown as Uint8Array);
    }),
  );
});

test("bytes that are all 255 have no largest value once they are too long for one", () => {
  const { schema, packed } = textFile([new Uint8Array(65).fill(255)], "bytes");
  const [group] = rawMetadata(encodeFile(schema, packed).bytes).row_groups;
  const { statistics } = group?.columns[0]?.meta_data ?? {};
  expect(statistics?.min_value).toHaveLength(64);
  expect(statistics?.is_min_value_exact).toBe(false);
  expect(statistics?.max_value).toBeUndefined();
});
