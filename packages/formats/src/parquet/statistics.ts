/** Smallest and largest values of packed columns. */
import type { Column, Field, TextColumn } from "@df/core";
import type { ColumnStatistics } from "./encoder.ts";

/** The statistics of one column of a file, see `ColumnStatistics`. */
export function columnStatistics(field: Field, column: Column, rows: number): ColumnStatistics {
  const nullCount = countNulls(column.validity, rows);
  const bounds =
    field.type.kind === "bytes" || field.type.kind === "json" ? undefined : boundsOf(column, rows);
  if (bounds === undefined) return { name: field.name, nullCount };
  const [min, max] = bounds;
  // A timestamp lies in doubles, an int64 in doubles while all are safe: both are exact integers here.
  const isInteger = column.layout === "long" || field.type.kind === "timestamp";
  return isInteger && typeof min === "number" && typeof max === "number"
    ? { name: field.name, nullCount, min: BigInt(min), max: BigInt(max) }
    : { name: field.name, nullCount, min, max };
}

function countNulls(validity: Uint8Array | undefined, rows: number): number {
  if (validity === undefined) return 0;
  let count = 0;
  for (let row = 0; row < rows; row++) if (validity[row] === 0) count++;
  return count;
}

type Bounds = readonly [min: number | bigint | string, max: number | bigint | string];

function boundsOf(column: Column, rows: number): Bounds | undefined {
  if (column.layout === "text") return textBounds(column, rows);
  const { values, validity } = column;
  return values instanceof BigInt64Array
    ? bigintBounds(values, validity, rows)
    : numberBounds(values, validity, rows);
}

/** NaN compares false with everything, so it never becomes a bound. −0 counts as 0. */
function numberBounds(
  values: Float64Array | Int32Array | Uint8Array,
  validity: Uint8Array | undefined,
  rows: number,
): Bounds | undefined {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < rows; row++) {
    if (validity !== undefined && validity[row] === 0) continue;
    const value = values[row] as number;
    if (value <= min) min = value;
    if (value >= max) max = value;
  }
  // Not even one value: an infinite one would have moved at least the other bound.
  if (min > max) return undefined;
  return [min === 0 ? 0 : min, max === 0 ? 0 : max];
}

function bigintBounds(
  values: BigInt64Array,
  validity: Uint8Array | undefined,
  rows: number,
): Bounds | undefined {
  let min: bigint | undefined;
  let max: bigint | undefined;
  for (let row = 0; row < rows; row++) {
    if (validity !== undefined && validity[row] === 0) continue;
    const value = values[row] as bigint;
    if (min === undefined || value < min) min = value;
    if (max === undefined || value > max) max = value;
  }
  return min === undefined || max === undefined ? undefined : [min, max];
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** In the order of UTF-8 bytes, which is that of code points and not that of JavaScript's `<`. */
function textBounds(column: TextColumn, rows: number): Bounds | undefined {
  const { validity } = column;
  let min = -1;
  let max = -1;
  for (let row = 0; row < rows; row++) {
    if (validity !== undefined && validity[row] === 0) continue;
    if (min < 0) {
      min = row;
      max = row;
    } else if (compareText(column, row, min) < 0) min = row;
    else if (compareText(column, row, max) > 0) max = row;
  }
  return min < 0 ? undefined : [textAt(column, min), textAt(column, max)];
}

function textAt({ starts, ends, bytes }: TextColumn, row: number): string {
  return decoder.decode(bytes.subarray(starts[row], ends[row]));
}

function compareText({ starts, ends, bytes }: TextColumn, a: number, b: number): number {
  const startA = starts[a] as number;
  const startB = starts[b] as number;
  const lengthA = (ends[a] as number) - startA;
  const lengthB = (ends[b] as number) - startB;
  const shorter = Math.min(lengthA, lengthB);
  for (let i = 0; i < shorter; i++) {
    const difference = (bytes[startA + i] as number) - (bytes[startB + i] as number);
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}
