/** Smallest and largest of the values of a chunk. */
import { unreachable } from "@df/core";
import type { DoubleValues, Int64Values, TextValues, Values } from "./values.ts";

/** A value as the statistics compare it: text by its UTF-8 bytes, a view on the column's own. */
export type Bound = number | bigint | Uint8Array;

/** Bounds leave NaN out; `hasNaN` says that there was one. */
export interface Bounds {
  readonly min: Bound;
  readonly max: Bound;
  readonly hasNaN: boolean;
}

/** The bounds of the values; undefined when there is none but NaN. The sign of zero is not told apart. */
export function boundsOf(values: Values): Bounds | undefined {
  if (values.count === 0) return undefined;
  switch (values.kind) {
    case "bool":
    case "int32":
      return intBounds(values.values, values.count);
    case "int64":
      return int64Bounds(values);
    case "double":
      return doubleBounds(values);
    case "text":
      return textBounds(values);
    default:
      return unreachable(values);
  }
}

/** The bounds of two chunks together. */
export function joinBounds(a: Bounds | undefined, b: Bounds | undefined): Bounds | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return {
    min: isLess(b.min, a.min) ? b.min : a.min,
    max: isLess(a.max, b.max) ? b.max : a.max,
    hasNaN: a.hasNaN || b.hasNaN,
  };
}

function isLess(a: Bound, b: Bound): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) < 0 : a < b;
}

function intBounds(values: Uint8Array | Int32Array, count: number): Bounds {
  let min = values[0] as number;
  let max = min;
  for (let i = 1; i < count; i++) {
    const value = values[i] as number;
    if (value < min) min = value;
    else if (value > max) max = value;
  }
  return { min, max, hasNaN: false };
}

/** NaN compares false with everything, so it never becomes a bound. */
function doubleBounds({ values, count }: DoubleValues): Bounds | undefined {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let hasNaN = false;
  for (let i = 0; i < count; i++) {
    const value = values[i] as number;
    if (value <= min) min = value;
    if (value >= max) max = value;
    // oxlint-disable-next-line no-self-compare -- A call per value would cost more.
    if (value !== value) hasNaN = true;
  }
  // Not even one value: an infinite one would have moved at least the other bound.
  return min > max ? undefined : { min, max, hasNaN };
}

/** The upper words decide with their sign, and the lower ones without. */
function int64Bounds({ values, count }: Int64Values): Bounds {
  let minLower = (values[0] as number) >>> 0;
  let minUpper = values[1] as number;
  let maxLower = minLower;
  let maxUpper = minUpper;
  for (let i = 1; i < count; i++) {
    const lower = (values[2 * i] as number) >>> 0;
    const upper = values[2 * i + 1] as number;
    if (upper < minUpper || (upper === minUpper && lower < minLower)) {
      minUpper = upper;
      minLower = lower;
    } else if (upper > maxUpper || (upper === maxUpper && lower > maxLower)) {
      maxUpper = upper;
      maxLower = lower;
    }
  }
  return { min: bigintOf(minLower, minUpper), max: bigintOf(maxLower, maxUpper), hasNaN: false };
}

function bigintOf(lower: number, upper: number): bigint {
  return BigInt(upper) * 4_294_967_296n + BigInt(lower);
}

/** In the order of UTF-8 bytes, which is that of code points and not that of JavaScript's `<`. */
function textBounds(values: TextValues): Bounds {
  let min = 0;
  let max = 0;
  for (let i = 1; i < values.count; i++) {
    if (compareText(values, i, min) < 0) min = i;
    else if (compareText(values, i, max) > 0) max = i;
  }
  const textAt = (i: number): Uint8Array => values.bytes.subarray(values.starts[i], values.ends[i]);
  return { min: textAt(min), max: textAt(max), hasNaN: false };
}

function compareText({ starts, ends, bytes, view }: TextValues, a: number, b: number): number {
  const startA = starts[a] as number;
  const startB = starts[b] as number;
  const lengthA = (ends[a] as number) - startA;
  const lengthB = (ends[b] as number) - startB;
  const shorter = Math.min(lengthA, lengthB);
  let i = 0;
  for (; i + 4 <= shorter; i += 4) {
    // Big-endian words compare as their bytes do.
    const difference = view.getUint32(startA + i) - view.getUint32(startB + i);
    if (difference !== 0) return difference;
  }
  for (; i < shorter; i++) {
    const difference = (bytes[startA + i] as number) - (bytes[startB + i] as number);
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}
