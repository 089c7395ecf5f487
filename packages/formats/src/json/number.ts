import { Refused } from "./refused.ts";

/** Powers of ten that a double holds exactly: 10^0 to 10^22. */
export const POWERS: Float64Array = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));
/** Decimal digits that always fit 53 bits. */
export const EXACT_DIGITS = 15;
/** Digits of the largest int64. */
const INT64_DIGITS = 19;
/** No record is long enough for its digits to make up for such an exponent. */
const EXPONENT_MAX = 1e9;

/** A JSON number by its digits: ± `mantissa` × 10^−`scale`. */
export class NumberToken {
  /** The number's text. */
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  negative = false;
  /** The digits as an integer; exact while there are at most 15. */
  mantissa = 0;
  /** Digits from the first that is not 0. */
  digits = 0;
  scale = 0;

  /**
   * Reads the number at `at` by JSON's grammar and returns the place behind it. The byte behind a number is never one
   * that could continue it, and there is always one.
   */
  read(bytes: Uint8Array, at: number): number {
    this.#bytes = bytes;
    this.#start = at;
    this.negative = bytes[at] === 0x2d;
    if (this.negative) at++;
    const integer = at;
    let mantissa = 0;
    let digits = 0;
    let digit = (bytes[at] as number) - 0x30;
    while (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      if (mantissa > 0) digits++;
      digit = (bytes[++at] as number) - 0x30;
    }
    if (at === integer) throw new Refused("a value expected", at);
    if (bytes[integer] === 0x30 && at > integer + 1) throw new Refused("a number begins with 0", integer);
    let scale = 0;
    if (bytes[at] === 0x2e) {
      const fraction = at + 1;
      digit = (bytes[++at] as number) - 0x30;
      while (digit >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit;
        if (mantissa > 0) digits++;
        digit = (bytes[++at] as number) - 0x30;
      }
      scale = at - fraction;
      if (scale === 0) throw new Refused("a digit expected", at);
    }
    this.mantissa = mantissa;
    this.digits = digits;
    this.scale = scale;
    if (((bytes[at] as number) | 0x20) === 0x65) at = this.#readExponent(bytes, at);
    this.#end = at;
    return at;
  }

  /** Reads the number that is the whole of `bytes[start .. end)`, if there is one; @throws Refused, as `read` does */
  readWhole(bytes: Uint8Array, start: number, end: number): boolean {
    return start < end && beginsNumber(bytes[start] as number) && this.read(bytes, start) === end;
  }

  /**
   * The nearest double. At most 15 digits and a power of ten up to 22 are both exact, so one operation rounds once
   * (Clinger, 1990); the others are left to the platform.
   */
  double(): number {
    const { scale } = this;
    if (this.digits <= EXACT_DIGITS && scale <= 22 && scale >= -22) {
      // Not `scale > 0`: the index −0 would be looked up as text.
      const magnitude =
        scale >= 0 ? this.mantissa / (POWERS[scale] as number) : this.mantissa * (POWERS[-scale] as number);
      return this.negative ? -magnitude : magnitude;
    }
    const value = Number(this.#text());
    if (!Number.isFinite(value)) throw new Refused("is out of the range of a double");
    return value;
  }

  /**
   * The number × 10^`shift` as an integer, exactly: a bigint only where it is no safe integer.
   * @throws Refused where it is no integer, or has more than 19 digits
   */
  integer(shift: number): number | bigint {
    const power = shift - this.scale;
    if (this.digits <= EXACT_DIGITS) {
      if (this.mantissa === 0) return 0;
      const signed = this.negative ? -this.mantissa : this.mantissa;
      if (power === 0) return signed;
      if (power > 0 && power <= EXACT_DIGITS) {
        // Both are exact: so is the product, unless it comes out beyond 2^53.
        const product = signed * (POWERS[power] as number);
        if (Number.isSafeInteger(product)) return product;
      }
      if (power < 0 && power >= -EXACT_DIGITS) {
        const divisor = POWERS[-power] as number;
        if (signed % divisor !== 0) throw new Refused(tooFine(shift));
        return signed / divisor;
      }
    }
    return this.#integerOfText(shift);
  }

  #integerOfText(shift: number): number | bigint {
    const [number = ""] = this.#text().replace("-", "").split(/[eE]/);
    const digits = number.replace(".", "").replace(/^0+/, "");
    // Not with a regular expression: /0+$/ takes quadratic time on long rows of zeros.
    let end = digits.length;
    while (digits.charCodeAt(end - 1) === 0x30) end--;
    const trimmed = digits.slice(0, end);
    const power = shift - this.scale + digits.length - end;
    if (trimmed === "") return 0;
    if (power < 0) throw new Refused(tooFine(shift));
    if (trimmed.length + power > INT64_DIGITS) throw new Refused("is out of range");
    const value = BigInt(trimmed + "0".repeat(power)) * (this.negative ? -1n : 1n);
    const rounded = Number(value);
    return Number.isSafeInteger(rounded) ? rounded : value;
  }

  #readExponent(bytes: Uint8Array, at: number): number {
    const sign = bytes[++at];
    if (sign === 0x2b || sign === 0x2d) at++;
    const first = at;
    let exponent = 0;
    let digit = (bytes[at] as number) - 0x30;
    while (digit >= 0 && digit <= 9) {
      exponent = Math.min(EXPONENT_MAX, exponent * 10 + digit);
      digit = (bytes[++at] as number) - 0x30;
    }
    if (at === first) throw new Refused("a digit expected", at);
    this.scale -= sign === 0x2d ? -exponent : exponent;
    return at;
  }

  #text(): string {
    const { buffer, byteOffset } = this.#bytes;
    return Buffer.from(buffer, byteOffset + this.#start, this.#end - this.#start).toString("latin1");
  }
}

/** Whether a number may begin with the byte: a minus or a digit. */
export function beginsNumber(byte: number): boolean {
  return byte === 0x2d || (byte >= 0x30 && byte <= 0x39);
}

function tooFine(shift: number): string {
  return shift === 0 ? "is no whole number" : `has more than ${shift} decimals`;
}
