/**
 * Pieces of a kernel that step over the tokens of a line, eight or sixteen bytes at once. What their variables mean
 * stands in kernel-code.ts.
 *
 * No step goes over bytes that were not compared, and a newline ends every token, so nothing is read more than 32 bytes
 * behind the newline that ends the last line.
 */
import { block, br, brIf, f64, get, i32, i64, loop, set, tee, v128, when } from "../wasm/code.ts";
import type { Code } from "../wasm/code.ts";
import type { Variables } from "./kernel-code.ts";
import { AREAS } from "./kernel-memory.ts";
import { EXACT_DIGITS } from "./number.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const ANY_ZERO_DIGIT = i64.const(every(0x30));
const TO_HIGH_BIT = i64.const(every(0x76));
const HIGH_BITS = i64.const(every(0x80));
const PAIRS = i64.const(0x000000ff000000ffn);
const HUNDREDS = i64.const(0x000f424000000064n);
const ONES = i64.const(0x0000271000000001n);
const EIGHT_DIGITS = i64.const(100_000_000n);
const TURNED_BIT = v128.splat(0x02);
const QUOTES = v128.splat(QUOTE ^ 0x02);
const BACKSLASHES = v128.splat(BACKSLASH);
/** Bytes of a literal that are compared before the first difference counts. */
const COMPARED_BYTES = 32;

/** Goes over bytes that must stand at `p`; where others do, leaves the block `label`. */
export function literal(on: Variables, bytes: Uint8Array, label: string): Code {
  const parts: Code[] = [];
  for (let from = 0; from < bytes.length; from += COMPARED_BYTES) {
    const part = bytes.subarray(from, from + COMPARED_BYTES);
    parts.push(brIf(label, differs(on, part)), step(on, part.length));
  }
  return parts;
}

function differs({ p }: Variables, bytes: Uint8Array): Code {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { length } = bytes;
  const found: Code[] = [];
  let at = 0;
  // The last step overlaps the one before it rather than going byte by byte.
  const compare = (size: number, one: (from: number) => Code): void => {
    while (length >= size && length - at > size / 2) {
      const from = Math.min(at, length - size);
      found.push(one(from));
      at = from + size;
    }
  };
  compare(8, (from) => i64.ne(i64.load(get(p), from), i64.const(view.getBigInt64(from, true))));
  compare(4, (from) => i32.ne(i32.load(get(p), from), i32.const(view.getInt32(from, true))));
  compare(2, (from) => i32.ne(i32.load16(get(p), from), i32.const(view.getUint16(from, true))));
  compare(1, (from) => i32.ne(i32.load8(get(p), from), i32.const(bytes[from] as number)));
  return found.reduce((all, next) => i32.or(all, next));
}

/** Whether these four letters stand at `p`. */
export function isWord({ p }: Variables, letters: string, offset = 0): Code {
  return i32.eq(i32.load(get(p), offset), i32.const(Buffer.from(letters).readInt32LE()));
}

/** Whether "false" stands at `p`. */
export function isFalse(on: Variables): Code {
  return i32.and(i32.eq(i32.load8(get(on.p)), i32.const(0x66)), isWord(on, "alse", 1));
}

/** Goes on by `bytes`. */
export function step({ p }: Variables, bytes: number): Code {
  return set(p, i32.add(get(p), i32.const(bytes)));
}

/**
 * Goes to the end of a string without escapes, and there does what is said, with `p` at the closing quote. With one bit
 * turned round the quote is the byte behind all control characters, so one comparison finds both.
 */
export function string(on: Variables, ...then: Code[]): Code {
  const { p, bytes, seen, found } = on;
  const isEnd = v128.le8_u(v128.xor(get(bytes), TURNED_BIT), QUOTES);
  const isStop = v128.or(isEnd, v128.eq8(get(bytes), BACKSLASHES));
  return when(
    i32.eq(i32.load8(get(p)), i32.const(QUOTE)),
    step(on, 1),
    block(
      "found",
      loop(
        "more",
        set(bytes, v128.load(get(p))),
        set(seen, v128.or(get(seen), get(bytes))),
        brIf("found", tee(found, v128.bitmask8(isStop))),
        step(on, 16),
        br("more"),
      ),
    ),
    stepBy(on, i32.ctz(get(found))),
    when(i32.eq(i32.load8(get(p)), i32.const(QUOTE)), ...then),
  );
}

/** Sign and whole part of a number: `n` digits from `first` on, whose value becomes `v`. */
export function wholePart(on: Variables, valued: boolean): Code {
  const { p, first, negative, v, n } = on;
  return [
    set(negative, i32.const(0)),
    when(i32.eq(i32.load8(get(p)), i32.const(MINUS)), set(negative, i32.const(1)), step(on, 1)),
    set(first, get(p)),
    valued ? set(v, i64.const(0n)) : [],
    digits(on, valued),
    set(n, i32.sub(get(p), get(first))),
  ];
}

/** The fraction of a number, if it has one, of `e` digits. A point with none behind it makes it no number. */
export function fraction(on: Variables, valued: boolean): Code {
  const { p, n, e, from } = on;
  return [
    set(e, i32.const(0)),
    when(
      i32.eq(i32.load8(get(p)), i32.const(POINT)),
      step(on, 1),
      set(from, get(p)),
      digits(on, valued),
      when(i32.eqz(tee(e, i32.sub(get(p), get(from)))), set(n, i32.const(0))),
    ),
  ];
}

/** Whether digits that were read are a whole part by JSON's grammar, and one of the bytes `behind` follows. */
export function isNumber({ p, n, first }: Variables, behind: ReadonlySet<number>): Code {
  const isZeroAlone = i32.or(
    i32.eq(get(n), i32.const(1)),
    i32.and(i32.ne(get(n), i32.const(0)), i32.ne(i32.load8(get(first)), i32.const(ZERO))),
  );
  const follows = [...behind].map((byte) => i32.eq(i32.load8(get(p)), i32.const(byte)));
  return i32.and(
    isZeroAlone,
    follows.reduce((any, next) => i32.or(any, next), i32.const(0)),
  );
}

/** Whether so many digits are always exact. */
export function isExact(count: Code): Code {
  return i32.le_s(count, i32.const(EXACT_DIGITS));
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

/**
 * Goes on by `by` bytes. Where they are as many as they were at this place of the line before, which is asked by a
 * branch that the processor foresees, the next step need not wait until they have been counted.
 */
function stepBy({ p, expected, count, lengths }: Variables, by: Code): Code {
  const place = lengths.take();
  if (place === undefined) return set(p, i32.add(get(p), by));
  return [
    set(expected, i32.load(i32.const(0), place)),
    when(
      i32.ne(tee(count, by), get(expected)),
      i32.store(i32.const(0), get(count), place),
      set(expected, get(count)),
    ),
    set(p, i32.add(get(p), get(expected))),
  ];
}
