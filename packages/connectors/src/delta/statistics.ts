/**
 * File statistics as Delta readers use them to skip files. A wrong bound loses rows silently in every reader, so what
 * cannot be said exactly is rounded outwards or left out.
 */
import { DataflowError } from "@df/core";
import type { Batch, Column, ColumnType, Field, Schema } from "@df/core";
import type { ColumnStatistics } from "@df/formats/parquet/encoder";
import { decimalText } from "@df/core/batch/cells";
import { plainDateText } from "../lake/value-text.ts";

/** Code points of a text bound at most. */
const TEXT_MAX = 32;
const LAST_CODE_POINT = 0x10ffff;
const SURROGATES_FIRST = 0xd800;
const SURROGATES_END = 0xe000;

/** The `stats` of a file. `batches` are its rows: statistics do not say whether a column has NaN. */
export function fileStatistics(
  schema: Schema,
  rows: number,
  columns: readonly ColumnStatistics[],
  batches: readonly Batch[],
): string {
  const minimums: string[] = [];
  const maximums: string[] = [];
  const nulls: string[] = [];
  for (const [i, field] of schema.fields.entries()) {
    const column = columns[i];
    if (column?.name !== field.name) {
      throw new DataflowError(
        "DF_BUG",
        `This is a bug in dataflow: column "${field.name}" has no statistics`,
      );
    }
    const name = JSON.stringify(field.name);
    nulls.push(`${name}:${column.nullCount}`);
    const minimum = column.min === undefined ? undefined : lowerBound(field.type, column.min);
    // Spark, DuckDB and DataFusion hold NaN for larger than all numbers: with NaN there is no largest number.
    const hasMaximum = column.max !== undefined && !(field.type.kind === "float64" && hasNaN(batches, field));
    const maximum = hasMaximum ? upperBound(field.type, column.max as number | bigint | string) : undefined;
    if (minimum !== undefined) minimums.push(`${name}:${minimum}`);
    if (maximum !== undefined) maximums.push(`${name}:${maximum}`);
  }
  return (
    `{"numRecords":${rows},"tightBounds":true,"minValues":{${minimums.join(",")}},` +
    `"maxValues":{${maximums.join(",")}},"nullCount":{${nulls.join(",")}}}`
  );
}

function hasNaN(batches: readonly Batch[], field: Field): boolean {
  return batches.some(({ schema, columns, length }) => {
    const column = columns[schema.fields.findIndex(({ name }) => name === field.name)] as Column;
    if (column.layout !== "double") return false;
    const { values, validity } = column;
    for (let row = 0; row < length; row++) {
      if (Number.isNaN(values[row]) && (validity === undefined || validity[row] === 1)) return true;
    }
    return false;
  });
}

/** JSON of a value that is not above `value`; undefined where there is none to say. */
export function lowerBound(type: ColumnType, value: number | bigint | string): string | undefined {
  // −0 is below 0 in the total order that some readers compare by.
  if (type.kind === "float64") return value === 0 ? "-0.0" : finite(Number(value));
  if (type.kind === "timestamp") return millis(floorDivide(BigInt(value), 1000n));
  if (type.kind === "string") return JSON.stringify(firstCodePoints(String(value)));
  return exactBound(type, value);
}

/** JSON of a value that is not below `value`; undefined where there is none to say. */
export function upperBound(type: ColumnType, value: number | bigint | string): string | undefined {
  if (type.kind === "float64") return value === 0 ? "0.0" : finite(Number(value));
  if (type.kind === "timestamp") return millis(-floorDivide(-BigInt(value), 1000n));
  if (type.kind !== "string") return exactBound(type, value);
  const bound = textAbove(String(value));
  return bound === undefined ? undefined : JSON.stringify(bound);
}

function exactBound(type: ColumnType, value: number | bigint | string): string | undefined {
  if (type.kind === "int32" || type.kind === "int64") return value.toString();
  if (type.kind === "decimal") return decimalText(BigInt(value), type.scale);
  if (type.kind === "date") return date(Number(value));
  return undefined;
}

/** JSON has no infinity, and a file with an infinity on one side is not worth a bound there. */
function finite(value: number): string | undefined {
  return Number.isFinite(value) ? JSON.stringify(value) : undefined;
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return quotient * by > value ? quotient - 1n : quotient;
}

function millis(value: bigint): string {
  return JSON.stringify(new Date(Number(value)).toISOString());
}

/** Dates of the years 1 to 9999; others have no text that readers agree on. */
function date(days: number): string | undefined {
  const text = plainDateText(days);
  return text === undefined || text.startsWith("0000") ? undefined : JSON.stringify(text);
}

/** A prefix, which is never above the text. */
function firstCodePoints(text: string): string {
  if (text.length <= TEXT_MAX) return text;
  let end = 0;
  for (let count = 0; count < TEXT_MAX && end < text.length; count++) {
    end += (text.codePointAt(end) as number) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}

/**
 * A text of at most 32 code points that is not below `text` in the order of code points, which is that of UTF-8 bytes;
 * undefined if there is none.
 */
function textAbove(text: string): string | undefined {
  const prefix = firstCodePoints(text);
  if (prefix === text) return text;
  const points = Array.from(prefix, (character) => character.codePointAt(0) as number);
  for (let last = points.length - 1; last >= 0; last--) {
    let next = (points[last] as number) + 1;
    if (next > LAST_CODE_POINT) continue;
    if (next >= SURROGATES_FIRST && next < SURROGATES_END) next = SURROGATES_END;
    return String.fromCodePoint(...points.slice(0, last), next);
  }
  return undefined;
}

interface ExactJson {
  parse(
    text: string,
    revive: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
}

/** The library's types do not know yet of the source of numbers (ECMAScript "JSON.parse source text access"). */
const exactJson: ExactJson = JSON as unknown as ExactJson;

/** The statistics of a file some of whose rows are deleted: bounds hold, but need not be met. Numbers stay exact. */
export function looseStatistics(stats: string): string {
  const parsed = exactJson.parse(stats, (_name, value, { source }) =>
    typeof value === "number" && source !== undefined ? exactJson.rawJSON(source) : value,
  );
  return JSON.stringify({ ...(parsed as object), tightBounds: false });
}

/** Rows of a file, deleted ones included; undefined when the statistics do not say. */
export function recordCount(stats: string | undefined): number | undefined {
  if (stats === undefined) return undefined;
  const { numRecords } = JSON.parse(stats) as { readonly numRecords?: unknown };
  return typeof numRecords === "number" ? numRecords : undefined;
}
