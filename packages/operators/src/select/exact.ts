/** Arithmetic on int32, int64 and decimal: exact, or the row is refused. */
import { unreachable, type Column, type ColumnType } from "@df/core";
import type { Arithmetic } from "./expression.ts";
import { bothValid, unlessAllValid, valuesOf, type Refusals } from "./vector.ts";

/** Numbers of an exact column: int32, or a long column in either form. */
export type Exact = Int32Array | Float64Array | BigInt64Array;

/** The range a result must lie in, both ends included, and what to call it. */
export interface Range {
  readonly min: bigint;
  readonly max: bigint;
  readonly name: string;
}

/** The range of int64. */
export const INT64: Range = { min: -(2n ** 63n), max: 2n ** 63n - 1n, name: "int64" };

/** The range of an int64 that is read as a number: beyond it a lambda could not read it exactly. */
export const SAFE: Range = {
  min: -(2n ** 53n - 1n),
  max: 2n ** 53n - 1n,
  name: "an integer that is read as a number",
};

/** The range of a type that exact arithmetic results in. */
export function rangeOf(type: ColumnType): Range {
  if (type.kind === "decimal") return decimalRange(type.precision, type.scale);
  return type.kind === "int64" && type.as === "number" ? SAFE : INT64;
}

/** The range of a decimal's unscaled values. */
export function decimalRange(precision: number, scale: number): Range {
  const max = 10n ** BigInt(precision) - 1n;
  return { min: -max, max, name: `decimal(${precision},${scale})` };
}

/** The numbers of an int or long column. */
export function exactValues(column: Column): Exact {
  const values = valuesOf(column);
  return values instanceof Uint8Array ? Int32Array.from(values) : values;
}

/**
 * `left op right` as a long column; `div` cuts towards zero and `mod` has the sign of the left side. Overflow and
 * division by zero refuse the row.
 */
export function exactArithmetic(
  op: Arithmetic,
  [left, right]: readonly [Column, Column],
  range: Range,
  length: number,
  refusals: Refusals,
): Column {
  const validity = bothValid(left, right, length);
  const a = exactValues(left);
  const b = exactValues(right);
  if (!(a instanceof BigInt64Array) && !(b instanceof BigInt64Array)) {
    const values = new Float64Array(length);
    const limit = Number(range.max < 9007199254740991n ? range.max : 9007199254740991n);
    if (isZeroFree(op, b, validity) && narrow(op, a, b, validity, values, limit)) {
      return { layout: "long", values, validity: unlessAllValid(validity) };
    }
  }
  const rows = Array.from({ length }, (_, row) => row);
  return wideColumn(rows, validity, range, refusals, (row) =>
    wide(op, BigInt(a[row] as number | bigint), BigInt(b[row] as number | bigint)),
  );
}

/**
 * A long column of what `valueOf` gives for each valid row; what it throws, and a value out of range, refuses the
 * row.
 */
export function wideColumn(
  rows: readonly number[],
  validity: Uint8Array,
  range: Range,
  refusals: Refusals,
  valueOf: (row: number) => bigint,
): Column {
  const bigints = new BigInt64Array(rows.length);
  let isNarrow = true;
  for (const row of rows) {
    if (validity[row] === 0) continue;
    let reason: string | undefined;
    let value = 0n;
    try {
      value = valueOf(row);
      if (value > range.max || value < range.min) reason = `${value} is out of the range of ${range.name}`;
    } catch (thrown) {
      reason = (thrown as Error).message;
    }
    if (reason === undefined) {
      bigints[row] = value;
      if (value > 9007199254740991n || value < -9007199254740991n) isNarrow = false;
    } else {
      refusals.refuse(row, reason);
      validity[row] = 0;
    }
  }
  const values = isNarrow ? Float64Array.from(bigints, Number) : bigints;
  return { layout: "long", values, validity: unlessAllValid(validity) };
}

function isZeroFree(op: Arithmetic, b: Int32Array | Float64Array, validity: Uint8Array): boolean {
  if (op !== "div" && op !== "mod") return true;
  for (let row = 0; row < validity.length; row++) if (validity[row] === 1 && b[row] === 0) return false;
  return true;
}

/** The results in doubles; false as soon as one is not surely exact. Adding 0 turns −0 into 0. */
function narrow(
  op: Arithmetic,
  a: Int32Array | Float64Array,
  b: Int32Array | Float64Array,
  validity: Uint8Array,
  values: Float64Array,
  limit: number,
): boolean {
  for (let row = 0; row < values.length; row++) {
    if (validity[row] === 0) continue;
    const x = a[row] as number;
    const y = b[row] as number;
    let value: number;
    if (op === "add") value = x + y;
    else if (op === "sub") value = x - y;
    else if (op === "mul") value = x * y;
    else if (op === "mod") value = x % y;
    // A multiple of y divides without a rest, where x / y could round up.
    else value = (x - (x % y)) / y;
    if (!(value <= limit && value >= -limit)) return false;
    values[row] = value + 0;
  }
  return true;
}

function wide(op: Arithmetic, a: bigint, b: bigint): bigint {
  switch (op) {
    case "add":
      return a + b;
    case "sub":
      return a - b;
    case "mul":
      return a * b;
    case "div":
      if (b === 0n) throw new RangeError("division by zero");
      return a / b;
    case "mod":
      if (b === 0n) throw new RangeError("division by zero");
      return a % b;
    default:
      return unreachable(op);
  }
}

/** `a / b`, rounded to the nearest integer, halves away from zero. */
export function roundedQuotient(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new RangeError("division by zero");
  const isNegative = a < 0n !== b < 0n;
  const dividend = a < 0n ? -a : a;
  const divisor = b < 0n ? -b : b;
  const quotient = (2n * dividend + divisor) / (2n * divisor);
  return isNegative ? -quotient : quotient;
}

/** Doubles of an exact column; an integer beyond 2^53 refuses its row. */
export function doublesOf(column: Column, length: number, refusals: Refusals): Column {
  const values = valuesOf(column);
  if (values instanceof Float64Array) return { layout: "double", values, validity: column.validity };
  const doubles = new Float64Array(length);
  if (!(values instanceof BigInt64Array)) {
    for (let row = 0; row < length; row++) doubles[row] = values[row] as number;
    return { layout: "double", values: doubles, validity: column.validity };
  }
  const validity = column.validity?.slice(0, length) ?? new Uint8Array(length).fill(1);
  for (let row = 0; row < length; row++) {
    doubles[row] = Number(values[row]);
    if (validity[row] === 0 || Number.isSafeInteger(doubles[row])) continue;
    refusals.refuse(row, `${values[row]} is beyond 2^53 and no exact float64`);
    doubles[row] = 0;
    validity[row] = 0;
  }
  return { layout: "double", values: doubles, validity: unlessAllValid(validity) };
}
