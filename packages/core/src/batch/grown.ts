import { BATCH_ROWS_MAX } from "./batch.ts";

/** Typed arrays that are copied to larger ones. */
type Numbers = Uint8Array | Int32Array | Float64Array | BigInt64Array;

/** The array, or a copy of it with room for at least `length` entries: twice as much as before. */
export function grown<T extends Numbers>(array: T, length: number): T {
  return length <= array.length ? array : copied(array, Math.max(length, array.length * 2, 64));
}

/**
 * The array, or a copy of it with an entry for each of `rows` rows, of a batch: for those who keep arrays from batch to
 * batch, and begin with empty ones. Most batches are far shorter than the longest, and a pipeline has many steps.
 */
export function forRows<T extends Numbers>(array: T, rows: number): T {
  if (rows <= array.length) return array;
  return copied(array, Math.min(BATCH_ROWS_MAX, Math.max(rows, array.length * 2, 64)));
}

function copied<T extends Numbers>(array: T, length: number): T {
  const Kind = array.constructor as new (length: number) => T;
  const larger = new Kind(length);
  larger.set(array as never);
  return larger;
}
