/** The order of values, in which their canonical bytes compare (core's batch/canonical.ts). */
import { isNull, type Column } from "@df/core";

/** Below 0 if the value of row `a` comes before that of row `b`, 0 if they are equal. Null comes first. */
export function compareValues(column: Column, a: number, b: number): number {
  if (isNull(column, a) || isNull(column, b)) return Number(isNull(column, b)) - Number(isNull(column, a));
  if (column.layout !== "text") {
    return compareNumbers(column.values[a] as number | bigint, column.values[b] as number | bigint);
  }
  const { starts, ends, bytes } = column;
  return compareTexts(
    { bytes, start: starts[a] as number, end: ends[a] as number },
    { bytes, start: starts[b] as number, end: ends[b] as number },
  );
}

/** Below 0 if `a` comes before `b`. NaN is above all numbers. */
export function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

/** A text: `bytes[start..end)`. */
interface Text {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Below 0 if `a` comes before `b`, by their bytes. */
export function compareTexts(a: Text, b: Text): number {
  const lengthA = a.end - a.start;
  const lengthB = b.end - b.start;
  const shorter = Math.min(lengthA, lengthB);
  for (let i = 0; i < shorter; i++) {
    const difference = (a.bytes[a.start + i] as number) - (b.bytes[b.start + i] as number);
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}
