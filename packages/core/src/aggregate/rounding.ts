/** Correct rounding of exact numbers to doubles: to nearest, ties to even, as IEEE 754 does for one operation. */

const bits = new DataView(new ArrayBuffer(8));

/** The exponent of the last bit of the smallest double: every finite double is a whole multiple of 2^-1074. */
export const UNIT_EXPONENT = -1074;

/** The power of two of a finite double's leading bit; −1023 for subnormals. */
export function exponentOf(value: number): number {
  bits.setFloat64(0, value);
  const biased = (bits.getUint32(0) >>> 20) & 2047;
  return biased === 0 ? -1023 : biased - 1023;
}

/** A finite double as a whole number of 2^-1074, exactly. */
export function inUnits(value: number): bigint {
  bits.setFloat64(0, value);
  const high = bits.getUint32(0);
  const biased = (high >>> 20) & 2047;
  const fraction = (BigInt(high & 0xfffff) << 32n) | BigInt(bits.getUint32(4));
  const magnitude = biased === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(biased - 1);
  return high >>> 31 === 1 ? -magnitude : magnitude;
}

/** Bits of a positive integer. */
export function bitLength(value: bigint): number {
  const digits = value.toString(16);
  return (digits.length - 1) * 4 + 32 - Math.clz32(Number.parseInt(digits.charAt(0), 16));
}

/**
 * The double nearest to `units / divisor` · 2^-1074; ±∞ beyond the largest, +0 for zero, −0 for what
 * is negative and rounds to zero. `divisor` is positive.
 * Two guard bits and a sticky one below them decide as the exact quotient would.
 */
export function quotientOfUnits(units: bigint, divisor: bigint): number {
  if (units === 0n) return 0;
  const magnitude = (units < 0n ? -units : units) << 2n;
  let quotient = magnitude / divisor;
  if (quotient * divisor !== magnitude) quotient |= 1n;
  const shift = Math.max(2, quotient === 0n ? 0 : bitLength(quotient) - 53);
  const rounded = roundedShift(quotient, BigInt(shift));
  const value = scaled(Number(rounded), UNIT_EXPONENT + shift - 2);
  return units < 0n ? -value : value;
}

/** `value / 2^shift`, rounded to nearest, ties to even. */
function roundedShift(value: bigint, shift: bigint): bigint {
  const half = 1n << (shift - 1n);
  const rest = value & ((1n << shift) - 1n);
  const down = value >> shift;
  return rest > half || (rest === half && (down & 1n) === 1n) ? down + 1n : down;
}

/** `value · 2^exponent` in steps, none of which rounds while the result is exact. */
export function scaled(value: number, exponent: number): number {
  let result = value;
  let rest = exponent;
  for (; rest > 900; rest -= 900) result *= 2 ** 900;
  for (; rest < -900; rest += 900) result *= 2 ** -900;
  return result * 2 ** rest;
}
