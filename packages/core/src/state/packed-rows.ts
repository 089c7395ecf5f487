/**
 * Rows of one size without what they all have: upper halves of small integers, null bits, unused words, the day of a
 * timestamp. Half of what state tables hold is of that kind. As int32, from a multiple of 8 bytes on:
 *
 *     ints that vary, as a bit each, 32 to an int
 *     each other int once, as it is in all rows
 *     the ints that vary, row by row
 *     0 where the number of ints would be odd
 */

/** Rows that are compared with the first one before it is asked whether they differ. */
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
  /** Those that were the same so far, side by side, and how many they are. */
  const same = Int32Array.from({ length: rowInts }, (_, k) => k);
  let left = rowInts;
  for (let block = start; block < end && left > 0; block += BLOCK_ROWS * rowInts) {
    const blockEnd = Math.min(block + BLOCK_ROWS * rowInts, end);
    // Most blocks have nothing new: whether one has is asked row by row, as rows lie.
    let difference = 0;
    for (let row = block; row < blockEnd; row += rowInts) {
      for (let s = 0; s < left; s++) {
        const k = same[s] as number;
        difference |= (ints[row + k] as number) ^ (ints[start + k] as number);
      }
    }
    if (difference !== 0) left = stillSame(ints, { start, block, blockEnd, rowInts }, same, left);
  }
  const isSame = new Uint8Array(rowInts);
  for (const k of same.subarray(0, left)) isSame[k] = 1;
  return Int32Array.from({ length: rowInts }, (_, k) => k).filter((k) => isSame[k] === 0);
}

/** Keeps of `same` those ints that are also the same in all rows of a block; returns how many. */
function stillSame(
  ints: Int32Array,
  at: {
    readonly start: number;
    readonly block: number;
    readonly blockEnd: number;
    readonly rowInts: number;
  },
  same: Int32Array,
  count: number,
): number {
  let left = 0;
  for (let s = 0; s < count; s++) {
    const k = same[s] as number;
    let row = at.block;
    while (row < at.blockEnd && ints[row + k] === ints[at.start + k]) row += at.rowInts;
    if (row >= at.blockEnd) same[left++] = k;
  }
  return left;
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
