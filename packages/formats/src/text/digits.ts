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
  let rest = value;
  if (rest < 0) {
    out.setUint8(at++, MINUS);
    rest = -rest;
  }
  if (rest < 10_000) return writeFew(out, at, rest);
  if (rest < 100_000_000) {
    const high = (rest / 10_000) | 0;
    return writeFour(out, writeFew(out, at, high), rest - high * 10_000);
  }
  const high = Math.floor(rest / 100_000_000);
  const low = rest - high * 100_000_000;
  if (high < 10_000) return writeEight(out, writeFew(out, at, high), low);
  const top = (high / 10_000) | 0;
  return writeEight(out, writeFour(out, writeFew(out, at, top), high - top * 10_000), low);
}

/** A number below 10 000 without zeros before it. */
function writeFew(out: DataView, at: number, value: number): number {
  const zeros = value < 100 ? (value < 10 ? 3 : 2) : value < 1000 ? 1 : 0;
  out.setInt32(at, (FOUR[value] as number) >>> (zeros << 3), true);
  return at + 4 - zeros;
}

function writeFour(out: DataView, at: number, value: number): number {
  out.setInt32(at, FOUR[value] as number, true);
  return at + 4;
}

function writeEight(out: DataView, at: number, value: number): number {
  const high = (value / 10_000) | 0;
  return writeFour(out, writeFour(out, at, high), value - high * 10_000);
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

/** The place behind a decimal without the zeros at its end, and without a point that is last then. */
export function trimZeros(out: DataView, at: number): number {
  let end = at;
  while (out.getUint8(end - 1) === ZERO) end--;
  return out.getUint8(end - 1) === POINT ? end - 1 : end;
}

/** Writes text that is known to be ASCII. */
export function writeAscii(out: DataView, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) out.setUint8(at + i, text.charCodeAt(i));
  return at + text.length;
}
