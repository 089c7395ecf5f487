/** The values of a column that are not null, as Parquet stores them. */
import { DataflowError, unreachable } from "@df/core";
import type { Column, Field, TextColumn } from "@df/core";

const TWO_32 = 2 ** 32;

/** `count` values without a null among them, one after the other; arrays may be views on a column's own. */
export type Values = BoolValues | Int32Values | Int64Values | DoubleValues | TextValues;

/** 0 or 1 each. */
export interface BoolValues {
  readonly kind: "bool";
  readonly count: number;
  readonly values: Uint8Array;
}
/** int32 and date. */
export interface Int32Values {
  readonly kind: "int32";
  readonly count: number;
  readonly values: Int32Array;
}
/** int64, decimal and timestamp: the lower word of a value and then the upper one, never a bigint per value. */
export interface Int64Values {
  readonly kind: "int64";
  readonly count: number;
  readonly values: Int32Array;
}
/** float64. */
export interface DoubleValues {
  readonly kind: "double";
  readonly count: number;
  readonly values: Float64Array;
}
/** string, json and bytes: slices of `bytes`; `view` is on the same bytes. */
export interface TextValues {
  readonly kind: "text";
  readonly count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/**
 * The values of the rows `start .. end)` that are not null.
 * @throws DF_PARQUET for a timestamp that is no whole number of 64 bits
 */
export function presentValues(field: Field, column: Column, start: number, end: number): Values {
  const { validity } = column;
  const count = countPresent(validity, start, end);
  switch (column.layout) {
    case "bool":
      return { kind: "bool", count, values: present(column.values, validity, start, end) };
    case "int":
      return { kind: "int32", count, values: present(column.values, validity, start, end) };
    case "double":
      if (field.type.kind !== "timestamp") {
        return { kind: "double", count, values: present(column.values, validity, start, end) };
      }
      return int64Values(field, present(column.values, validity, start, end), count);
    case "long":
      if (column.values instanceof Float64Array) {
        return int64Values(field, present(column.values, validity, start, end), count);
      }
      return { kind: "int64", count, values: wordsOf(present(column.values, validity, start, end)) };
    case "text":
      return textValues(column, start, end, count);
    default:
      return unreachable(column);
  }
}

/** How many of the rows `start .. end)` are not null. */
export function countPresent(validity: Uint8Array | undefined, start: number, end: number): number {
  if (validity === undefined) return end - start;
  let count = 0;
  for (let row = start; row < end; row++) count += validity[row] as number;
  return count;
}

/** The values at the given places. */
export function pickValues<V extends Int32Values | Int64Values | TextValues>(
  values: V,
  places: Int32Array,
): Int32Values | Int64Values | TextValues {
  const count = places.length;
  if (values.kind === "text") {
    const starts = places.map((place) => values.starts[place] as number);
    const ends = places.map((place) => values.ends[place] as number);
    return { kind: "text", count, starts, ends, bytes: values.bytes, view: values.view };
  }
  if (values.kind === "int32") {
    return { kind: "int32", count, values: places.map((place) => values.values[place] as number) };
  }
  const words = new Int32Array(count * 2);
  for (let i = 0; i < count; i++) {
    const place = places[i] as number;
    words[2 * i] = values.values[2 * place] as number;
    words[2 * i + 1] = values.values[2 * place + 1] as number;
  }
  return { kind: "int64", count, values: words };
}

function present<T extends Uint8Array | Int32Array | Float64Array | BigInt64Array>(
  values: T,
  validity: Uint8Array | undefined,
  start: number,
  end: number,
): T {
  const rows = values.subarray(start, end) as T;
  if (validity === undefined) return rows;
  const into = rows.slice() as T;
  let count = 0;
  for (let i = 0; i < into.length; i++) {
    // Every value is written, and only those that are not null move the place on: no branch to guess.
    into[count] = rows[i] as number | bigint as never;
    count += validity[start + i] as number;
  }
  return into;
}

function wordsOf(values: BigInt64Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** The first `count` numbers as words. Arithmetic only: −0 becomes 0. */
function int64Values(field: Field, numbers: Float64Array, count: number): Int64Values {
  const words = new Int32Array(count * 2);
  for (let i = 0; i < count; i++) {
    const value = numbers[i] as number;
    const upper = Math.floor(value / TWO_32);
    const lower = value - upper * TWO_32;
    // Also false for NaN and for what is infinite.
    if (!(lower === Math.floor(lower) && upper >= -2_147_483_648 && upper <= 2_147_483_647)) {
      throw new DataflowError(
        "DF_PARQUET",
        `Column "${field.name}" holds ${value}, and a ${field.type.kind} is stored as a whole number of 64 bits. ` +
          "Round it before the sink.",
      );
    }
    words[2 * i] = lower;
    words[2 * i + 1] = upper;
  }
  return { kind: "int64", count, values: words };
}

function textValues(column: TextColumn, start: number, end: number, count: number): TextValues {
  const { bytes, validity } = column;
  return {
    kind: "text",
    count,
    starts: present(column.starts, validity, start, end),
    ends: present(column.ends, validity, start, end),
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  };
}
