/** What an exact sum keeps beside its limbs: values that are no numbers to add, and sums too wide for limbs. */

/** Counts may be below zero while a value was taken back before it was added. */
export interface Side {
  readonly nan: number;
  /** Of +∞ and −∞. */
  readonly positive: number;
  readonly negative: number;
  readonly negativeZero: number;
  /** In units of 2^-1074; 0 while the limbs hold the sum. */
  readonly wide: bigint;
}

/** A sum that needs nothing beside its limbs. */
export const NO_SIDE: Side = { nan: 0, positive: 0, negative: 0, negativeZero: 0, wide: 0n };

/** Whether nothing would be lost without it. */
export function isEmptySide(side: Side): boolean {
  return (
    side.nan === 0 &&
    side.positive === 0 &&
    side.negative === 0 &&
    side.negativeZero === 0 &&
    side.wide === 0n
  );
}

const COUNTS_BYTES = 32;

/** Four float64 counts, then the integer in two's complement, 64 bits at a time, all little-endian. */
export function writeSide(side: Side): Uint8Array {
  const limbs: bigint[] = [];
  let rest = side.wide;
  while (rest !== BigInt.asIntN(64, rest)) {
    limbs.push(BigInt.asIntN(64, rest));
    rest >>= 64n;
  }
  limbs.push(rest);
  const bytes = new Uint8Array(COUNTS_BYTES + limbs.length * 8);
  const view = new DataView(bytes.buffer);
  [side.nan, side.positive, side.negative, side.negativeZero].forEach((count, index) =>
    view.setFloat64(index * 8, count, true),
  );
  limbs.forEach((limb, index) => view.setBigInt64(COUNTS_BYTES + index * 8, limb, true));
  return bytes;
}

/** What `writeSide` wrote. */
export function readSide(bytes: Uint8Array): Side {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let wide = view.getBigInt64(bytes.length - 8, true);
  for (let at = bytes.length - 16; at >= COUNTS_BYTES; at -= 8) {
    wide = (wide << 64n) | view.getBigUint64(at, true);
  }
  return {
    nan: view.getFloat64(0, true),
    positive: view.getFloat64(8, true),
    negative: view.getFloat64(16, true),
    negativeZero: view.getFloat64(24, true),
    wide,
  };
}
