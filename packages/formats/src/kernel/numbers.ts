/** Pieces of a kernel that read numbers, eight digits at once. */
import {
  block,
  br,
  brIf,
  brIfRarely,
  f64,
  get,
  i32,
  i64,
  loop,
  set,
  tee,
  when,
  whenRarely,
} from "@df/core/wasm/code";
import type { Code } from "@df/core/wasm/code";
import { EXACT_DIGITS } from "../json/number.ts";
import { AREAS } from "./memory.ts";
import { isByte, step, stepBy } from "./tokens.ts";
import type { Variables } from "./variables.ts";

const MINUS = 0x2d;
const POINT = 0x2e;
const ONE = 0x31;
const ANY_ZERO_DIGIT = i64.const(every(0x30));
const TO_HIGH_BIT = i64.const(every(0x76));
const HIGH_BITS = i64.const(every(0x80));
const PAIRS = i64.const(0x000000ff000000ffn);
const HUNDREDS = i64.const(0x000f424000000064n);
const ONES = i64.const(0x0000271000000001n);
const EIGHT_DIGITS = i64.const(100_000_000n);

/** Sign and whole part of a number: `n` digits from `first` on, whose value becomes `v`. */
export function wholePart(on: Variables, valued: boolean): Code {
  const { p, first, negative, v, n } = on;
  return [
    set(negative, i32.const(0)),
    whenRarely(isByte(on, MINUS), set(negative, i32.const(1)), step(on, 1)),
    set(first, get(p)),
    valued ? set(v, i64.const(0n)) : [],
    digits(on, valued),
    set(n, i32.sub(get(p), get(first))),
  ];
}

/** The fraction of a number, if it has one, of `e` digits. A point with none behind it makes it no number. */
export function fraction(on: Variables, valued: boolean): Code {
  const { p, first, n, e, from } = on;
  return [
    set(e, i32.const(0)),
    when(
      isByte(on, POINT),
      step(on, 1),
      set(from, get(p)),
      digits(on, valued),
      whenRarely(i32.eqz(tee(e, i32.sub(get(p), get(from)))), set(n, i32.const(0)), set(first, get(p))),
    ),
  ];
}

/**
 * Leaves the block `label` where the digits that were read are no whole part by JSON's grammar, or none of the bytes
 * `behind` follows.
 */
export function mustBeNumber(on: Variables, behind: ReadonlySet<number>, label: string): Code {
  const { n, first } = on;
  const isNoneOf = [...behind].map((byte) => i32.ne(i32.load8(get(on.p)), i32.const(byte)));
  return [
    // From "1" to "9", or a zero alone: a single digit that is none of these is one.
    whenRarely(
      i32.ge_u(i32.sub(i32.load8(get(first)), i32.const(ONE)), i32.const(9)),
      brIfRarely(label, i32.ne(get(n), i32.const(1))),
    ),
    brIfRarely(
      label,
      isNoneOf.reduce((all, next) => i32.and(all, next)),
    ),
  ];
}

/** Leaves the block `label` where so many digits are not always exact. */
export function mustBeExact(count: Code, label: string): Code {
  return brIfRarely(label, i32.gt_s(count, i32.const(EXACT_DIGITS)));
}

/** The double 10^`power`, for 0 to 22. */
export function doublePower(power: Code): Code {
  return f64.load(i32.shl(power, i32.const(3)), AREAS.doublePowers);
}

/**
 * Steps over digits, appending them to `v` if their value is wanted: eight at once, then those that are left, moved to
 * the end of a word of zeros.
 */
function digits(on: Variables, valued: boolean): Code {
  const { p, w, x, v, bits } = on;
  const seek = [
    set(w, i64.xor(i64.load(get(p)), ANY_ZERO_DIGIT)),
    set(x, i64.and(i64.or(i64.add(get(w), TO_HIGH_BIT), get(w)), HIGH_BITS)),
  ];
  const append = (power: Code): Code =>
    valued ? [valueOfDigits(on), set(v, i64.add(i64.mul(get(v), power), get(w)))] : [];
  const left = i64.shl(i64.shl(get(w), i64.sub(i64.const(63n), get(bits))), i64.const(8n));
  const count = i64.shr_u(get(bits), i64.const(3n));
  return [
    block(
      "found",
      loop(
        "more",
        ...seek,
        brIf("found", i32.eqz(i64.eqz(get(x)))),
        append(EIGHT_DIGITS),
        step(on, 8),
        br("more"),
      ),
    ),
    // The number of the bit that says "no digit": eight times the digits before it, and seven.
    set(bits, i64.ctz(get(x))),
    valued ? set(w, left) : [],
    append(i64.load(i32.wrap(i64.and(get(bits), i64.const(0x78n))), AREAS.longPowers)),
    stepBy(on, i32.wrap(count)),
  ];
}

/** `w`, eight digits with the first in the lowest byte, as the number they are: by pairs, by fours, then both. */
function valueOfDigits({ w }: Variables): Code {
  return [
    set(w, i64.add(i64.mul(get(w), i64.const(10n)), i64.shr_u(get(w), i64.const(8n)))),
    set(
      w,
      i64.shr_u(
        i64.add(
          i64.mul(i64.and(get(w), PAIRS), HUNDREDS),
          i64.mul(i64.and(i64.shr_u(get(w), i64.const(16n)), PAIRS), ONES),
        ),
        i64.const(32n),
      ),
    ),
  ];
}

/** A word of eight equal bytes. */
function every(byte: number): bigint {
  return BigInt(byte) * 0x0101010101010101n;
}
