/** The exact rules between a column's numbers and what a person or a lambda writes: dates, decimals, points in time. */
import { DataflowError } from "../error.ts";

const POWERS_OF_TEN: readonly bigint[] = Array.from({ length: 20 }, (_, n) => 10n ** BigInt(n));

/** Exact decimal text of an unscaled value with `scale` digits after the point: `decimalText(-120, 2)` is "-1.20". */
export function decimalText(unscaled: number | bigint, scale: number): string {
  const negative = unscaled < 0;
  // A double −0 is 0 and prints as "0".
  const digits = String(negative ? -unscaled : unscaled).padStart(scale + 1, "0");
  const point = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return negative ? `-${text}` : text;
}

/**
 * The unscaled value of decimal text, or of a bigint of whole units.
 * @throws DF_VALUE for other text, for digits that `scale` would cut off, and beyond `precision` digits
 */
export function decimalUnscaled(value: string | bigint, precision: number, scale: number): bigint {
  const power = POWERS_OF_TEN[scale] as bigint;
  const unscaled = typeof value === "bigint" ? value * power : decimalFromText(value, scale);
  const limit = POWERS_OF_TEN[precision] as bigint;
  if (unscaled >= limit || unscaled <= -limit) {
    throw refused(`${value} has more than the ${precision} digits of decimal(${precision},${scale})`);
  }
  return unscaled;
}

function decimalFromText(text: string, scale: number): bigint {
  const match = /^([+-]?)(\d{1,40})(?:\.(\d{1,40}))?$/.exec(text);
  const [, sign, whole, fraction = ""] = match ?? [];
  if (whole === undefined) throw refused(`"${text}" is no decimal; write it as "-1.20"`);
  const kept = fraction.slice(0, scale).padEnd(scale, "0");
  if (/[1-9]/.test(fraction.slice(scale))) {
    throw refused(`"${text}" has more than ${scale} digits after the point; round it first`);
  }
  const unscaled = BigInt(whole + kept);
  return sign === "-" ? -unscaled : unscaled;
}

/**
 * "YYYY-MM-DD" of days since 1970, in the proleptic Gregorian calendar. Years outside 0 to 9999 have a sign and at
 * least six digits, as in ISO 8601. Source: Howard Hinnant, chrono-compatible low-level date algorithms.
 */
export function dateText(days: number): string {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  // Months are counted from March, so that the leap day is the last of its year.
  const march = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * march + 2) / 5) + 1;
  const month = march < 10 ? march + 3 : march - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${yearText(year)}-${month < 10 ? "0" : ""}${month}-${day < 10 ? "0" : ""}${day}`;
}

function yearText(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, "0");
  return (year < 0 ? "-" : "+") + String(Math.abs(year)).padStart(6, "0");
}

const DAYS_OF_MONTHS: readonly number[] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Days since 1970 of the text that `dateText` gives. @throws DF_VALUE for other text and for days no month has */
export function dateDays(text: string): number {
  // The usual form by its digits: a regular expression takes four times as long.
  const usual = text.length === 10 && text.charCodeAt(4) === DASH && text.charCodeAt(7) === DASH;
  const match = usual ? null : /^([+-]\d{6,7})-(\d\d)-(\d\d)$/.exec(text);
  const year = usual ? digitsAt(text, 0, 4) : Number(match?.[1]);
  const month = usual ? digitsAt(text, 5, 7) : Number(match?.[2]);
  const day = usual ? digitsAt(text, 8, 10) : Number(match?.[3]);
  if (Number.isNaN(year + month + day)) throw refused(`"${text}" is no date; write it as "2026-01-31"`);
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0;
  const last = DAYS_OF_MONTHS[month - 1];
  if (last === undefined || day < 1 || day > last + leap) throw refused(`"${text}" is not in the calendar`);
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  const days = era * 146_097 + dayOfEra - 719_468;
  if (days !== (days | 0)) throw refused(`"${text}" is beyond the 32 bits of a date`);
  return days;
}

const DASH = 0x2d;

/** The number of a text's digits, NaN where one is none. */
function digitsAt(text: string, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** Milliseconds, with the microseconds as a fraction, of a time in µs: exact in both directions from 1692 to 2247. */
export function millisOf(micros: number): number {
  const whole = Math.floor(micros / 1000);
  return whole + (micros - whole * 1000) / 1000;
}

/** Microseconds of a time in milliseconds. @throws DF_VALUE unless it is a number within ±2^53 µs */
export function microsOfMillis(millis: number): number {
  const whole = Math.floor(millis);
  return checkedMicros(whole * 1000 + Math.floor((millis - whole) * 1000 + 0.5), millis, "ms");
}

/**
 * Microseconds of what a lambda may return for a point in time: milliseconds, a Date, a Temporal.Instant (whose
 * nanoseconds are cut off towards the past).
 * @throws DF_VALUE for anything else and beyond ±2^53 µs
 */
export function microsOf(value: unknown): number {
  if (typeof value === "number") return microsOfMillis(value);
  if (value instanceof Date) return microsOfMillis(value.getTime());
  if (typeof value === "object" && value !== null && "epochNanoseconds" in value) {
    const nanos = value.epochNanoseconds;
    if (typeof nanos === "bigint") {
      const cut = nanos / 1000n;
      return checkedMicros(Number(cut * 1000n > nanos ? cut - 1n : cut), nanos, "ns");
    }
  }
  throw refused(
    `${described(value)} is no point in time; return milliseconds since 1970, a Date or a Temporal.Instant`,
  );
}

function checkedMicros(micros: number, given: number | bigint, unit: string): number {
  if (!Number.isSafeInteger(micros)) throw refused(`${given} ${unit} is not within 2^53 µs of 1970`);
  return micros + 0;
}

/** A value and its type for a message, long text cut: `the string "abc"`. */
export function described(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `the string ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)}`;
    case "number":
    case "bigint":
    case "boolean":
      return `the ${typeof value} ${value}`;
    case "undefined":
      return "undefined";
    case "symbol":
    case "function":
      return `a ${typeof value}`;
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "an array" : "an object";
  }
}

/** A value that its column cannot hold; the caller adds the column's name. */
export function refused(sentence: string): DataflowError {
  return new DataflowError("DF_VALUE", `${sentence}.`);
}
