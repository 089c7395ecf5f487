/**
 * Numbers as ASCII digits, straight into bytes. Each function returns the place behind what it wrote; up to three bytes
 * behind that may be written too, so that digits go out four at a time.
 */
import { POWERS } from "../json/number.ts";

const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
/** The four digits of each number from 0 to 9999, the first one in the lowest byte. */
const FOUR: Int32Array = Int32Array.from({ length: 10_000 }, (_, value) => {
  const [a, b, c, d] = [value / 1000, value / 100, value / 10, value].map(
    (shifted) => Math.floor(shifted) % 10,
  );
  return ((((((d ?? 0) << 8) | (c ?? 0)) << 8) | (b ?? 0)) << 8) | (a ?? 0) | (ZERO * 0x01010101);
});

/** Writes an integer of less than 2^53 in magnitude; −0 is 0. At most 17 bytes. */
export function writeInteger(out: DataView, at: number, value: number): number {
  const small = value | 0;
  if (small === value && small >= 0) return writeSmall(out, at, small);
  return writeLarge(out, at, value);
}

/** A whole number below 2^31: the work of integers of a processor. */
function writeSmall(out: DataView, at: number, value: number): number {
  if (value < 10_000) return writeFew(out, at, value);
  if (value < 100_000_000) {
    const high = (value / 10_000) | 0;
    return writeFour(out, writeFew(out, at, high), value - Math.imul(high, 10_000));
  }
  const high = (value / 100_000_000) | 0;
  return writeEight(out, writeFew(out, at, high), value - Math.imul(high, 100_000_000));
}

/** A negative number, or one from 2^31 on. */
function writeLarge(out: DataView, at: number, value: number): number {
  if (value < 0) {
    out.setUint8(at, MINUS);
    return writeInteger(out, at + 1, -value);
  }
  const high = Math.floor(value / 100_000_000);
  return writeEight(out, writeSmall(out, at, high), value - high * 100_000_000);
}

/** A number below 10 000 without zeros before it: counted by signs, as branches could not be foreseen. */
function writeFew(out: DataView, at: number, value: number): number {
  const zeros = ((value - 10) >>> 31) + ((value - 100) >>> 31) + ((value - 1000) >>> 31);
  out.setInt32(at, (FOUR[value] as number) >>> (zeros << 3), true);
  return at + 4 - zeros;
}

function writeFour(out: DataView, at: number, value: number): number {
  out.setInt32(at, FOUR[value] as number, true);
  return at + 4;
}

function writeEight(out: DataView, at: number, value: number): number {
  const low = value | 0;
  const high = (low / 10_000) | 0;
  return writeFour(out, writeFour(out, at, high), low - Math.imul(high, 10_000));
}

/** Writes the last `digits` (0 to 4) digits of a number below 10 000. */
export function writeLast(out: DataView, at: number, value: number, digits: number): number {
  out.setInt32(at, (FOUR[value] as number) >>> ((4 - digits) << 3), true);
  return at + digits;
}

/** Writes a whole number below 2^53 with exactly `digits` digits, 0 to 18, zeros before it. */
export function writePadded(out: DataView, at: number, value: number, digits: number): number {
  if (digits <= 4) return digits === 0 ? at : writeLast(out, at, value, digits);
  const high = Math.floor(value / 10_000);
  return writeFour(out, writePadded(out, at, high, digits - 4), value - high * 10_000);
}

/**
 * Writes an integer of less than 2^53 in magnitude with its last `scale` digits, 0 to 18, behind a point: −120 with 2
 * is "-1.20". At most 22 bytes.
 */
export function writeDecimal(out: DataView, at: number, unscaled: number, scale: number): number {
  if (scale === 0) return writeInteger(out, at, unscaled);
  const magnitude = Math.abs(unscaled);
  if (unscaled < 0) out.setUint8(at++, MINUS);
  const power = POWERS[scale] as number;
  // Exact: no quotient of such integers lies so near below a whole number that a double would round it up.
  const whole = Math.floor(magnitude / power);
  at = writeInteger(out, at, whole);
  out.setUint8(at, POINT);
  return writePadded(out, at + 1, magnitude - whole * power, scale);
}

/**
 * Writes what `writeDecimal` does without the zeros at its end, and without a point that would be last then. The zeros
 * may stand behind.
 */
export function writeTrimmed(out: DataView, at: number, unscaled: number, scale: number): number {
  const whole = unscaled / (POWERS[scale] as number);
  if (Number.isInteger(whole)) return writeInteger(out, at, whole);
  let end = writeDecimal(out, at, unscaled, scale);
  while (out.getUint8(end - 1) === ZERO) end--;
  return end;
}

/** Writes text that is known to be ASCII. */
export function writeAscii(out: DataView, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) out.setUint8(at + i, text.charCodeAt(i));
  return at + text.length;
}

/** Writes a double as JavaScript does, but −0 as "-0". At most 25 bytes. */
export function writeDouble(out: DataView, at: number, value: number): number {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return writeInteger(out, at, value);
  return writeAscii(out, at, value === 0 ? "-0" : String(value));
}

/** The same, but what JSON has no number for as a string. */
export function writeJsonDouble(out: DataView, at: number, value: number): number {
  return Number.isFinite(value) ? writeDouble(out, at, value) : writeAscii(out, at, `"${value}"`);
}
