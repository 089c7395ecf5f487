/** Typed arrays that are copied to larger ones. */
type Numbers = Uint8Array | Int32Array | Float64Array | BigInt64Array;

/** The array, or a copy of it with room for at least `length` entries: twice as much as before. */
export function grown<T extends Numbers>(array: T, length: number): T {
  if (length <= array.length) return array;
  const Kind = array.constructor as new (length: number) => T;
  const larger = new Kind(Math.max(length, array.length * 2, 64));
  larger.set(array as never);
  return larger;
}
