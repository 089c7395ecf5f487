/**
 * Pieces of a kernel that read times and dates in their usual spelling, `2024-05-01T12:00:00.5Z` and `2024-05-01`, eight
 * bytes at once, from the first digit on. calendar.ts reads all others, the 29th of February too, and says why one is
 * none.
 */
import { block, brIf, f64, get, i32, i64, set } from "@df/core/wasm/code";
import type { Code } from "@df/core/wasm/code";
import { AREAS } from "./memory.ts";
import { fraction } from "./numbers.ts";
import { step } from "./tokens.ts";
import type { Variables } from "./variables.ts";

/** Years that are read here: their microseconds fit a double. */
const YEAR_FIRST = 1700;
const YEARS = 500;
const DECIMALS = 6;
const DIGIT = "0";
const HIGH_BITS = i64.const(0x8080808080808080n);
const DATE_BYTES = 10;
/** Between date and time, and behind the time. */
const T = 0x54;
const Z = 0x5a;

/**
 * Reads a time into doubles from `values` on, microseconds since 1970, and does `taken` with `p` behind it; goes on
 * behind this code else.
 */
export function readTime(on: Variables, values: number, taken: Code): Code {
  const { p, v, n, e, days, seconds, row } = on;
  const shortOfMicros = i64.load(
    i32.shl(i32.sub(i32.const(DECIMALS), get(e)), i32.const(3)),
    AREAS.longPowers,
  );
  const whole = i64.add(i64.mul(i64.fromI32(get(days)), i64.const(86_400n)), i64.fromI32(get(seconds)));
  const micros = i64.add(i64.mul(whole, i64.const(1_000_000n)), i64.mul(get(v), shortOfMicros));
  return block(
    "no time",
    date(on, "no time"),
    brIf("no time", i32.ne(i32.load8(get(p), DATE_BYTES), i32.const(T))),
    pairs(on, DATE_BYTES + 1, "00:00:00", "no time"),
    set(seconds, i32.mul(pair(on, 0), i32.const(3600))),
    set(seconds, i32.add(get(seconds), i32.add(i32.mul(pair(on, 3), i32.const(60)), pair(on, 6)))),
    brIf("no time", i32.or(i32.gt_s(pair(on, 0), i32.const(23)), i32.gt_s(pair(on, 3), i32.const(59)))),
    brIf("no time", i32.gt_s(pair(on, 6), i32.const(59))),
    step(on, DATE_BYTES + 9),
    set(v, i64.const(0n)),
    set(n, i32.const(1)),
    fraction(on, true),
    brIf("no time", i32.or(i32.eqz(get(n)), i32.gt_s(get(e), i32.const(DECIMALS)))),
    brIf("no time", i32.ne(i32.load8(get(p)), i32.const(Z))),
    step(on, 1),
    f64.store(i32.shl(get(row), i32.const(3)), f64.fromI64(micros), values),
    taken,
  );
}

/** The same for a date, into int32, days since 1970. */
export function readDate(on: Variables, values: number, taken: Code): Code {
  const { days, row } = on;
  return block(
    "no date",
    date(on, "no date"),
    step(on, DATE_BYTES),
    i32.store(i32.shl(get(row), i32.const(2)), get(days), values),
    taken,
  );
}

/** Reads the date at `p` as `days` since 1970; leaves the block `label` if there is none. */
function date(on: Variables, label: string): Code {
  const { year, month, days } = on;
  const atMonth = i32.shl(get(month), i32.const(3));
  const through = (count: number): Code => i32.div_u(get(year), i32.const(count));
  return [
    pairs(on, 0, "0000-00-", label),
    set(year, i32.add(i32.mul(pair(on, 0), i32.const(100)), pair(on, 2))),
    brIf(label, i32.eqz(i32.lt_u(i32.sub(get(year), i32.const(YEAR_FIRST)), i32.const(YEARS)))),
    pairs(on, 2, "00-00-00", label),
    set(month, pair(on, 3)),
    set(days, pair(on, 6)),
    brIf(label, i32.eqz(i32.lt_u(i32.sub(get(days), i32.const(1)), i32.load(atMonth, AREAS.months)))),
    // Years begin in March, so that the leap day comes last.
    set(year, i32.sub(get(year), i32.lt_u(get(month), i32.const(3)))),
    set(days, i32.add(get(days), i32.load(atMonth, AREAS.months + 4))),
    set(days, i32.add(get(days), i32.add(i32.mul(get(year), i32.const(365)), through(4)))),
    set(days, i32.add(get(days), i32.sub(through(400), through(100)))),
  ];
}

/**
 * Makes `w` of the eight bytes from `at` bytes behind `p` on, if they are of that shape: "0" stands for any digit, all
 * else for itself. Each byte of it is then a digit times ten and the one behind it. Leaves the block `label` if not.
 */
function pairs({ p, w }: Variables, at: number, shape: string, label: string): Code {
  // Turned round by the shape, a digit is below 10, and all else 0.
  const expected = Buffer.from(shape).readBigInt64LE();
  const tooLarge = Buffer.from(
    Array.from(shape, (one) => (one === DIGIT ? 0x80 - 10 : 0x80 - 1)),
  ).readBigInt64LE();
  const wrong = i64.and(i64.or(i64.add(get(w), i64.const(tooLarge)), get(w)), HIGH_BITS);
  return [
    set(w, i64.xor(i64.load(get(p), at), i64.const(expected))),
    brIf(label, i32.eqz(i64.eqz(wrong))),
    set(w, i64.add(i64.mul(get(w), i64.const(10n)), i64.shr_u(get(w), i64.const(8n)))),
  ];
}

/** The number of two digits that began at byte `at` of `w`. */
function pair({ w }: Variables, at: number): Code {
  return i32.and(i32.wrap(i64.shr_u(get(w), i64.const(BigInt(at * 8)))), i32.const(0xff));
}
