/** Reads the flat columns of Parquet files that anybody wrote into batches, exactly. */
import { BATCH_ROWS_MAX, BEGINNING, ColumnBuilder, DataflowError, typeName } from "@df/core";
import type { Batch, Column, ColumnType, Field, Schema } from "@df/core";
import { parquetMetadataAsync, parquetScan } from "hyparquet";
import type { FileMetaData, ParquetScan, SchemaElement } from "hyparquet";
import { decompressors } from "./decompress.ts";
import { asyncBuffer } from "./records.ts";

/**
 * The rows of a file, in order, with the columns of `schema` found by name; a column that the file does not have is
 * null.
 * @throws DF_PARQUET when the file cannot be read or has a column of another type
 */
export async function readParquet(
  bytes: Uint8Array,
  schema: Schema,
  path: string,
): Promise<readonly Batch[]> {
  try {
    const file = asyncBuffer(bytes);
    const metadata = await parquetMetadataAsync(file);
    const sources = schema.fields.map((field) => sourceOf(metadata, field, path));
    const scan = await parquetScan({
      file,
      // Without their logical types values come as they are stored, so nothing is rounded to a Date or a double.
      metadata: { ...metadata, schema: metadata.schema.map(storedElement) },
      columns: schema.fields.flatMap(({ name }, i) => (sources[i] === undefined ? [] : [name])),
      compressors: decompressors,
      utf8: false,
      parsers: { timestampFromNanoseconds: (nanos: bigint) => nanos },
    });
    const columns: Column[][] = [];
    for (const [i, field] of schema.fields.entries()) columns.push(await columnsOf(scan, field, sources[i]));
    return batchesOf(schema, columns, Number(metadata.num_rows));
  } catch (error) {
    if (error instanceof DataflowError) throw error;
    throw new DataflowError("DF_PARQUET", `"${path}" cannot be read as Parquet: ${String(error)}.`, {
      cause: error,
    });
  }
}

/** Rows of a file, from its footer. */
export async function parquetRowCount(bytes: Uint8Array): Promise<number> {
  return Number((await parquetMetadataAsync(asyncBuffer(bytes))).num_rows);
}

function batchesOf(schema: Schema, columns: readonly (readonly Column[])[], rows: number): Batch[] {
  const batches: Batch[] = [];
  for (let start = 0, i = 0; start < rows; start += BATCH_ROWS_MAX, i++) {
    const length = Math.min(BATCH_ROWS_MAX, rows - start);
    batches.push({
      schema,
      length,
      columns: columns.map((parts) => parts[i] as Column),
      change: "append",
      times: new Float64Array(length).fill(BEGINNING),
      clocks: BEGINNING,
    });
  }
  return batches;
}

function storedElement(element: SchemaElement): SchemaElement {
  if (element.type === undefined) return element;
  const { converted_type: _converted, logical_type: _logical, ...stored } = element;
  return stored;
}

/** How a column is stored: its element, and how many of its units make a microsecond or a value. */
interface Source {
  readonly element: SchemaElement;
  /** Timestamps: stored units a second. */
  readonly unitsASecond: bigint;
}

const STORED: Readonly<Record<ColumnType["kind"], readonly string[]>> = {
  bool: ["BOOLEAN"],
  int32: ["INT32"],
  int64: ["INT64", "INT32"],
  float64: ["DOUBLE", "FLOAT"],
  decimal: ["INT32", "INT64", "FIXED_LEN_BYTE_ARRAY", "BYTE_ARRAY"],
  string: ["BYTE_ARRAY"],
  bytes: ["BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"],
  timestamp: ["INT64", "INT96"],
  date: ["INT32"],
  json: ["BYTE_ARRAY"],
};

function sourceOf(metadata: FileMetaData, field: Field, path: string): Source | undefined {
  const element = topLevel(metadata).find(({ name }) => name === field.name);
  if (element === undefined) return undefined;
  const scale = element.logical_type?.type === "DECIMAL" ? element.logical_type.scale : (element.scale ?? 0);
  const isFit =
    element.type !== undefined &&
    element.repetition_type !== "REPEATED" &&
    STORED[field.type.kind].includes(element.type) &&
    (field.type.kind !== "decimal" || scale === field.type.scale);
  if (!isFit) {
    throw new DataflowError(
      "DF_PARQUET",
      `Column "${field.name}" of "${path}" is stored as ${element.type ?? "a group"}, which does not fit ${typeName(field.type)}.`,
    );
  }
  return { element, unitsASecond: unitsASecond(element) };
}

function topLevel(metadata: FileMetaData): SchemaElement[] {
  const elements: SchemaElement[] = [];
  const { schema } = metadata;
  let at = 1;
  const skip = (): void => {
    const children = schema[at++]?.num_children ?? 0;
    for (let i = 0; i < children; i++) skip();
  };
  for (let i = 0; i < (schema[0]?.num_children ?? 0); i++) {
    elements.push(schema[at] as SchemaElement);
    skip();
  }
  return elements;
}

function unitsASecond(element: SchemaElement): bigint {
  if (element.type === "INT96") return 1_000_000_000n;
  const unit = element.logical_type?.type === "TIMESTAMP" ? element.logical_type.unit : undefined;
  if (unit === "NANOS") return 1_000_000_000n;
  return unit === "MILLIS" || element.converted_type === "TIMESTAMP_MILLIS" ? 1_000n : 1_000_000n;
}

/** One column for each batch; read a row group at a time. */
async function columnsOf(scan: ParquetScan, field: Field, source: Source | undefined): Promise<Column[]> {
  const columns: Column[] = [];
  const rows = scan.ranges.reduce((sum, { rowStart, rowEnd }) => sum + rowEnd - rowStart, 0);
  const builder = new ColumnBuilder(field.type, Math.min(BATCH_ROWS_MAX, rows));
  for (const range of scan.ranges) {
    const values = source === undefined ? undefined : await scan.readColumn({ column: field.name, ...range });
    for (let row = 0; row < range.rowEnd - range.rowStart; row++) {
      const value: unknown = values?.[row];
      if (value === undefined || value === null || source === undefined) builder.null();
      else append(builder, field.type, value, source);
      if (builder.length === BATCH_ROWS_MAX) columns.push(builder.take());
    }
  }
  if (builder.length > 0) columns.push(builder.take());
  return columns;
}

function append(builder: ColumnBuilder, type: ColumnType, value: unknown, source: Source): void {
  if (type.kind === "timestamp") return builder.number(microsOf(value as bigint, source.unitsASecond));
  if (type.kind === "decimal" && value instanceof Uint8Array) return builder.bigint(bigEndian(value));
  if (value instanceof Uint8Array) return builder.text(value, 0, value.length);
  if (typeof value === "bigint") return builder.bigint(value);
  builder.number(Number(value));
}

function microsOf(value: bigint, unitsASecond: bigint): number {
  if (unitsASecond === 1_000_000n) return Number(value);
  if (unitsASecond === 1_000n) return Number(value * 1_000n);
  // Finer than a microsecond: down, as all who read microseconds do.
  return Number((value - (((value % 1_000n) + 1_000n) % 1_000n)) / 1_000n);
}

/** A two's complement integer. */
function bigEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = value * 256n + BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}
