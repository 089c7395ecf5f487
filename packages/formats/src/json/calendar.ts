import { Refused } from "./refused.ts";

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAY_SECONDS = 86_400;

/**
 * Days since 1970 of "YYYY-MM-DD" at `bytes[start .. end)`.
 * @throws Refused for anything else, and for days the calendar does not have
 */
export function daysOf(bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== 10 || bytes[start + 4] !== 0x2d || bytes[start + 7] !== 0x2d) {
    throw new Refused("is no date: YYYY-MM-DD expected");
  }
  const year = digits(bytes, start, 2) * 100 + digits(bytes, start + 2, 2);
  const month = digits(bytes, start + 5, 2);
  const day = digits(bytes, start + 8, 2);
  // NaN, from what is no digit, fails every comparison.
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month))) {
    throw new Refused("is no day of the calendar");
  }
  return daysSince1970(year, month, day);
}

/**
 * Microseconds since 1970 UTC of an ISO 8601 time with zone, as RFC 3339 writes it: "2024-05-01T12:00:00.5+02:00".
 * @throws Refused for anything else: no zone, a leap second, more than six decimals that are not 0, beyond ±2^53 µs
 */
export function microsOf(bytes: Uint8Array, start: number, end: number): number {
  const separator = bytes[start + 10];
  const isShaped =
    end - start >= 19 &&
    (separator === 0x54 || separator === 0x74 || separator === 0x20) &&
    bytes[start + 13] === 0x3a &&
    bytes[start + 16] === 0x3a;
  if (!isShaped) throw new Refused("is no time: YYYY-MM-DDThh:mm:ss with zone expected");
  const days = daysOf(bytes, start, start + 10);
  const hour = digits(bytes, start + 11, 2);
  const minute = digits(bytes, start + 14, 2);
  const second = digits(bytes, start + 17, 2);
  if (!(hour <= 23 && minute <= 59 && second <= 59)) throw new Refused("is no time of the day");
  let at = start + 19;
  let fraction = 0;
  if (at < end && bytes[at] === 0x2e) {
    const first = ++at;
    let unit = 100_000;
    for (; at < end; at++, unit = Math.floor(unit / 10)) {
      const digit = (bytes[at] as number) - 0x30;
      if (digit < 0 || digit > 9) break;
      if (unit === 0 && digit !== 0) throw new Refused("is finer than a microsecond");
      fraction += digit * unit;
    }
    if (at === first) throw new Refused("is no time of the day");
  }
  const seconds = days * DAY_SECONDS + hour * 3_600 + minute * 60 + second - zoneSeconds(bytes, at, end);
  const micros = seconds * 1_000_000 + fraction;
  if (!Number.isSafeInteger(micros)) throw new Refused("is out of range: 1684 to 2255 expected");
  return micros;
}

/** Seconds that the zone is ahead of UTC. */
function zoneSeconds(bytes: Uint8Array, at: number, end: number): number {
  const sign = bytes[at];
  if (at === end) throw new Refused("has no zone: Z or ±hh:mm expected");
  if (end - at === 1 && (sign === 0x5a || sign === 0x7a)) return 0;
  const hours = digits(bytes, at + 1, 2);
  const minutes = digits(bytes, at + 4, 2);
  const isZone =
    end - at === 6 &&
    (sign === 0x2b || sign === 0x2d) &&
    bytes[at + 3] === 0x3a &&
    hours <= 23 &&
    minutes <= 59;
  if (!isZone) throw new Refused("has no zone: Z or ±hh:mm expected");
  const seconds = hours * 3_600 + minutes * 60;
  return sign === 0x2d ? -seconds : seconds;
}

/** The number of `count` digits; NaN where something else stands. */
function digits(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = (bytes[i] as number) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function daysInMonth(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && isLeap ? 29 : (MONTH_DAYS[month - 1] as number);
}

/** Howard Hinnant's days_from_civil: years begin in March, so that the leap day comes last. */
function daysSince1970(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
