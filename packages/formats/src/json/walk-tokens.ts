/**
 * Pieces of generated code that step over the tokens of a line, four bytes or more at once. What their variables mean
 * stands in walk-text.ts.
 *
 * Nothing is read more than seven bytes behind the line's newline: no step goes over bytes that were not compared.
 */
import { EXACT_DIGITS } from "./number.ts";

const HIGH_BITS = every(0x80);
/**
 * 1 in the high bit of each byte of `w` that is no ASCII digit; exact up to the first of them. `w` becomes the
 * digits.
 */
const SEEK_NO_DIGIT = `w = view.getInt32(p, true) ^ ${every(0x30)}; x = ((w + ${every(0x76)}) | w) & ${HIGH_BITS};`;
/**
 * 1 in the high bit of each byte of `w` that is a quote, a backslash or a control character; exact up to the first of
 * them. With one bit turned round the quote is the byte behind all control characters, so one subtraction finds both.
 */
const SEEK_STRING_END =
  "w = view.getInt32(p, true); " +
  `x = (((w ^ ${every(0x02)}) - ${every(0x21)}) | ((w ^ ${every(0x5c)}) - ${every(0x01)})) & ~w & ${HIGH_BITS};`;
/** The first byte that was found: x has bits in the bytes that were. */
const FIRST_BYTE = "((31 - Math.clz32(x & -x)) >> 3)";
/** The number that the four digits in `w` are, the first in the lowest byte: first by pairs, then both pairs. */
const FOUR_DIGITS = "(w = Math.imul(w, 10) + (w >>> 8), (w & 255) * 100 + ((w >>> 16) & 255))";

/** Whether "false" stands at `p`. */
export const IS_FALSE: string = `b[p] === 102 && view.getInt32(p + 1, true) === ${fourLetters("alse")}`;

/** Whether digits that were read, `n` before a point, are a whole number by JSON's grammar and no exponent follows. */
export const IS_NUMBER = "n > 0 && (n === 1 || b[f] !== 48) && (b[p] | 32) !== 101";

/** Whether they are also few enough to be exact. */
export function isExact(count: string): string {
  return `${IS_NUMBER} && ${count} <= ${EXACT_DIGITS}`;
}

/** Four letters as an int32 that was read from where they stand. */
export function fourLetters(letters: string): number {
  return Buffer.from(letters).readInt32LE();
}

/** Compares bytes with what must stand there, and steps over them; else leaves the line. */
export function literal(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { length } = bytes;
  const differ: string[] = [];
  let at = 0;
  // The last step overlaps the one before it rather than going byte by byte.
  const compare = (size: number, text: (from: number) => string): void => {
    while (length >= size && length - at > size / 2) {
      const from = Math.min(at, length - size);
      differ.push(text(from));
      at = from + size;
    }
  };
  // Doubles are equal if their bits are, except for 0 and NaN.
  if (bytes.every((byte) => byte > 0 && byte < 0x7f)) {
    compare(8, (from) => `view.getFloat64(p + ${from}, true) !== ${view.getFloat64(from, true)}`);
  }
  compare(4, (from) => `view.getInt32(p + ${from}, true) !== ${view.getInt32(from, true)}`);
  compare(2, (from) => `view.getUint16(p + ${from}, true) !== ${view.getUint16(from, true)}`);
  compare(1, (from) => `b[p + ${from}] !== ${bytes[from]}`);
  return `if (${differ.join(" || ")}) break line;
      p += ${length};`;
}

/** Goes to the end of a string without escapes, and there does what is said, with `p` at the closing quote. */
export function string(then: string): string {
  return `if (b[p] === 34) {
          p++;
          for (;;) {
            ${SEEK_STRING_END}
            if (x !== 0) break;
            p += 4;
          }
          p += ${FIRST_BYTE};
          if (b[p] === 34) { ${then} }
        }`;
}

/** Sign and whole part of a number: `f` is the first of `n` digits. */
export function wholePart(valued: boolean): string {
  return `negative = b[p] === 45;
        if (negative) p++;
        f = p;
        v = 0;
        ${digits(valued)}
        n = p - f;`;
}

/** The fraction of a number, if it has one, of `e` digits. A point with none behind it makes it no number. */
export function fraction(valued: boolean): string {
  return `e = 0;
        if (b[p] === 46) {
          p++;
          ${digits(valued)}
          e = p - f - n - 1;
          if (e === 0) n = 0;
        }`;
}

/** Steps over digits, appending them to `v` if its value is wanted. */
function digits(valued: boolean): string {
  const append = (power: string): string => (valued ? `v = v * ${power} + ${FOUR_DIGITS};` : "");
  return `for (;;) {
          ${SEEK_NO_DIGIT}
          if (x !== 0) break;
          ${append("10000")}
          p += 4;
        }
        x = ${FIRST_BYTE};
        p += x;
        ${valued ? "w = (w << (24 - x * 8)) << 8;" : ""}
        ${append("powers[x]")}`;
}

/** An int32 of four equal bytes, as it stands in an expression. */
function every(byte: number): string {
  return `(${Math.imul(byte, 0x01010101)})`;
}
