/**
 * Rows of one size without what they all have: upper halves of small integers, null bits, unused words, the day of a
 * timestamp. Half of what state tables hold is of that kind. As int32, from a multiple of 8 bytes on:
 *
 *     ints that vary, as a bit each, 32 to an int
 *     each other int once, as it is in all rows
 *     the ints that vary, row by row
 *     0 where the number of ints would be odd
 */

/** Rows that lie in the nearest cache together, for one int after the other. */
const BLOCK_ROWS = 64;

/** Rows side by side. */
export interface PlainRows {
  readonly ints: Int32Array;
  /** Where the first one begins. */
  readonly start: number;
  readonly count: number;
  readonly rowInts: number;
}

/** Which ints of a row are not the same in all rows, ascending. */
export function varyingInts({ ints, start, count, rowInts }: PlainRows): Int32Array {
  const end = start + count * rowInts;
  const varies = new Uint8Array(rowInts);
  /** Those that were the same so far: the first `left`. */
  const same = Int32Array.from({ length: rowInts }, (_, k) => k);
  let left = rowInts;
  for (let block = start; block < end && left > 0; block += BLOCK_ROWS * rowInts) {
    const blockEnd = Math.min(block + BLOCK_ROWS * rowInts, end);
    let next = 0;
    for (let s = 0; s < left; s++) {
      const k = same[s] as number;
      const first = ints[start + k] as number;
      let difference = 0;
      for (let at = block + k; at < blockEnd; at += rowInts) difference |= (ints[at] as number) ^ first;
      if (difference === 0) same[next++] = k;
      else varies[k] = 1;
    }
    left = next;
  }
  return Int32Array.from({ length: rowInts }, (_, k) => k).filter((k) => varies[k] === 1);
}

/** Ints that rows take when so many of theirs vary. */
export function packedInts(rowInts: number, varying: number, count: number): number {
  const ints = maskInts(rowInts) + rowInts - varying + varying * count;
  return ints + (ints % 2);
}

/** Writes rows from `to[at]` on. `varying` is what `varyingInts` found. */
export function packRows(rows: PlainRows, varying: Int32Array, to: Int32Array, at: number): void {
  const { ints, start, count, rowInts } = rows;
  let end = at + maskInts(rowInts);
  for (const k of varying) to[at + (k >>> 5)] = (to[at + (k >>> 5)] as number) | (1 << k);
  for (let k = 0; k < rowInts; k++) {
    if (!isVarying(to, at, k)) to[end++] = ints[start + k] as number;
  }
  const { length } = varying;
  for (let row = 0, from = start; row < count; row++, from += rowInts) {
    for (let v = 0; v < length; v++) to[end++] = ints[from + (varying[v] as number)] as number;
  }
}

/**
 * Writes rows that lie packed from `from[at]` on; returns where they end. Undefined when they would end behind
 * `from.length`.
 */
export function unpackRows(from: Int32Array, at: number, rows: PlainRows): number | undefined {
  const { ints, start, count, rowInts } = rows;
  let next = at + maskInts(rowInts);
  if (next > from.length) return undefined;
  const varying: number[] = [];
  for (let k = 0; k < rowInts; k++) if (isVarying(from, at, k)) varying.push(k);
  const end = at + packedInts(rowInts, varying.length, count);
  if (end > from.length) return undefined;
  for (let k = 0; k < rowInts; k++) {
    if (isVarying(from, at, k)) continue;
    const same = from[next++] as number;
    for (let row = 0, to = start + k; row < count; row++, to += rowInts) ints[to] = same;
  }
  for (let row = 0, to = start; row < count; row++, to += rowInts) {
    for (let v = 0; v < varying.length; v++) ints[to + (varying[v] as number)] = from[next++] as number;
  }
  return end;
}

function maskInts(rowInts: number): number {
  return Math.ceil(rowInts / 32);
}

function isVarying(packed: Int32Array, at: number, k: number): boolean {
  return (((packed[at + (k >>> 5)] as number) >>> k) & 1) === 1;
}
