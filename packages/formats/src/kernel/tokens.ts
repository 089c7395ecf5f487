/**
 * Pieces of a kernel that step over tokens, eight or sixteen bytes at once. What their variables mean stands in
 * variables.ts.
 *
 * No step goes over bytes that were not compared, and a newline ends every token but text in quotes, so nothing is read
 * more than 32 bytes behind the newline that ends the last line.
 */
import { block, br, brIf, get, i32, i64, loop, set, tee, v128, when } from "@df/core/wasm/code";
import type { Code } from "@df/core/wasm/code";
import type { Variables } from "./variables.ts";

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

/** By the widest loads that fit: the last one overlaps the one before it rather than going byte by byte. */
function differs({ p }: Variables, bytes: Uint8Array): Code {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { length } = bytes;
  if (length >= 8) {
    const found = placesOf(length, 8).map((at) =>
      i64.xor(i64.load(get(p), at), i64.const(view.getBigInt64(at, true))),
    );
    return i32.eqz(i64.eqz(found.reduce((all, next) => i64.or(all, next))));
  }
  const size = length >= 4 ? 4 : length >= 2 ? 2 : 1;
  const load = { 4: i32.load, 2: i32.load16, 1: i32.load8 }[size];
  const expected = (at: number): number =>
    size === 4 ? view.getInt32(at, true) : size === 2 ? view.getUint16(at, true) : view.getUint8(at);
  return placesOf(length, size)
    .map((at) => i32.xor(load(get(p), at), i32.const(expected(at))))
    .reduce((all, next) => i32.or(all, next));
}

/** Where words of `size` bytes begin that cover `length` bytes. */
function placesOf(length: number, size: number): number[] {
  return Array.from({ length: Math.ceil(length / size) }, (_, word) => Math.min(word * size, length - size));
}

/** Whether this byte stands `offset` bytes behind `p`. */
export function isByte({ p }: Variables, byte: number, offset = 0): Code {
  return i32.eq(i32.load8(get(p), offset), i32.const(byte));
}

/** Whether one of these bytes stands at `p`. */
export function isOneOf(on: Variables, bytes: Iterable<number>): Code {
  return [...bytes].map((byte) => isByte(on, byte)).reduce((any, next) => i32.or(any, next));
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
 * Goes to the first byte for which `isStop` has a bit, which looks at the sixteen in `bytes`. Does `check` before each
 * look at them.
 */
export function seek(on: Variables, isStop: Code, check: Code = []): Code {
  const { p, bytes, seen, found } = on;
  return [
    block(
      "found",
      loop(
        "more",
        check,
        set(bytes, v128.load(get(p))),
        set(seen, v128.or(get(seen), get(bytes))),
        brIf("found", tee(found, v128.bitmask8(isStop))),
        step(on, 16),
        br("more"),
      ),
    ),
    stepBy(on, i32.ctz(get(found))),
  ];
}

/**
 * Goes on by `by` bytes. Where they are as many as they were at this place of the line before, which is asked by a
 * branch that the processor foresees, the next step need not wait until they have been counted.
 */
export function stepBy({ p, expected, count, lengths }: Variables, by: Code): Code {
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
