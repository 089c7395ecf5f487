/** What writing and reading the blocks of a frame share. */

/** Flags of a block. */
export const HAS_DIFFS = 1;
export const EQUAL_TIMES = 2;
export const EQUAL_DIFFS = 4;
/** Flags of a column. */
export const HAS_NULLS = 1;
export const WIDE = 2;

/** Bytes of the head of a block, and of that of a column. */
export const HEAD_BYTES = 8;

/** Every part begins at a multiple of eight bytes: where `bytes` bytes end, and what is left of the last eight. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** Bytes of so many bits. */
export function bitBytes(count: number): number {
  return Math.ceil(count / 8);
}
