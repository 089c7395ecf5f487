import { unreachable } from "../assert.ts";
import { DataflowError } from "../error.ts";
import type { ColumnType, Schema } from "../schema/schema.ts";
import type { Batch } from "./batch.ts";
import { dateText, decimalText, millisOf } from "./cells.ts";
import { columnsCode, generated, rowCode, type ColumnRead } from "./row-code.ts";
import { TextReader } from "./text-reader.ts";
import type { BoolColumn, Column, DoubleColumn, IntColumn, LongColumn, TextColumn } from "./column.ts";

/** A row of a batch as a plain object that is the caller's own. */
export type RowReader = (batch: Batch, row: number) => Record<string, unknown>;

/** The value of a row of one column, as a lambda reads it; null for null. */
export type CellReader = (column: Column, row: number) => unknown;

/**
 * Reads rows as lambdas see them: the columns at the indexes `columns` of a schema, in that order. bool is a boolean,
 * int32 and float64 a number, int64 a bigint or number by its `as`, decimal exact text, string a string, bytes a copy,
 * timestamp milliseconds with the microseconds as a fraction, date "YYYY-MM-DD", json the parsed value.
 *
 * With `generate`, the reader is generated code, if code may be generated at all; both twins give equal rows.
 * @throws DF_VALUE when reading an int64 beyond 2^53 that is declared as a number
 */
export function rowReader(schema: Schema, columns: readonly number[] | "all", generate: boolean): RowReader {
  const reads = columnReads(schema, columns);
  return (generate ? generatedReader(reads) : undefined) ?? interpretedReader(reads);
}

/** The columns at the indexes `columns` of a schema, and how each is read. @throws DF_NO_COLUMN */
export function columnReads(schema: Schema, columns: readonly number[] | "all"): readonly ColumnRead[] {
  const indexes = columns === "all" ? schema.fields.map((_, index) => index) : columns;
  return indexes.map((index) => {
    const field = schema.fields[index];
    if (field === undefined) {
      throw new DataflowError(
        "DF_NO_COLUMN",
        `There is no column ${index}; the schema has ${schema.fields.length}.`,
      );
    }
    const { name, type } = field;
    const texts = type.kind === "string" ? new TextReader() : undefined;
    return { index, name, type, read: cellReader(type, texts), texts };
  });
}

function generatedReader(reads: readonly ColumnRead[]): RowReader | undefined {
  const text = `(batch, row) => {\n${columnsCode(reads)}\nreturn ${rowCode(reads)};\n}`;
  return generated("row-reader", text, reads);
}

function interpretedReader(reads: readonly ColumnRead[]): RowReader {
  return (batch, row) => {
    const object: Record<string, unknown> = {};
    for (const { index, name, read } of reads)
      setCell(object, name, read(batch.columns[index] as Column, row));
    return object;
  };
}

function setCell(object: Record<string, unknown>, name: string, value: unknown): void {
  // An assignment would set the prototype instead of a column.
  if (name === "__proto__") {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  } else object[name] = value;
}

/**
 * Reads the cells of a type, strings with `texts`.
 * @throws DF_VALUE when reading an int64 beyond 2^53 that is declared as a number
 */
export function cellReader(type: ColumnType, texts: TextReader = new TextReader()): CellReader {
  const read = valueReader(type, texts);
  return (column, row) =>
    column.validity !== undefined && column.validity[row] === 0 ? null : read(column, row);
}

function valueReader(type: ColumnType, texts: TextReader): CellReader {
  switch (type.kind) {
    case "bool":
      return (column, row) => (column as BoolColumn).values[row] !== 0;
    case "int32":
      return (column, row) => (column as IntColumn).values[row];
    case "float64":
      return (column, row) => (column as DoubleColumn).values[row];
    case "int64":
      return type.as === "bigint"
        ? (column, row) => BigInt((column as LongColumn).values[row] as number | bigint)
        : (column, row) => safeNumber((column as LongColumn).values[row] as number | bigint);
    case "decimal":
      return (column, row) => decimalText((column as LongColumn).values[row] as number | bigint, type.scale);
    case "timestamp":
      return (column, row) => millisOf((column as DoubleColumn).values[row] as number);
    case "date":
      return (column, row) => dateText((column as IntColumn).values[row] as number);
    case "string":
      return (column, row) => texts.read(column, row);
    case "bytes":
      return (column, row) => bytesAt(column as TextColumn, row);
    case "json":
      return (column, row): unknown => JSON.parse(texts.read(column, row));
    default:
      return unreachable(type);
  }
}

function safeNumber(value: number | bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new DataflowError(
    "DF_VALUE",
    `${value} is beyond 2^53 and cannot be read as a number. Declare the column as t.int64() to read a bigint.`,
  );
}

/** A copy: `slice` would share the memory of a Buffer. */
function bytesAt(column: TextColumn, row: number): Uint8Array {
  return new Uint8Array(column.bytes.subarray(column.starts[row], column.ends[row]));
}
