/** Many short byte strings in one piece of memory: what goes between threads, and into the state, by the thousand. */
import { assert } from "../assert.ts";

/** One behind the other: number i is `bytes[ends[i - 1] .. ends[i])`, the first one begins at 0. */
export interface ByteStrings {
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
}

/** None. */
export const NO_STRINGS: ByteStrings = { bytes: new Uint8Array(0), ends: new Uint32Array(0) };

/** Bytes that are copied one after the other: a call for so few costs more. */
const COPIED_BYTES_MAX = 64;

/** Where number i begins. */
export function startOf({ ends }: ByteStrings, i: number): number {
  return i === 0 ? 0 : (ends[i - 1] as number);
}

/** Number i: a view. */
export function stringAt(strings: ByteStrings, i: number): Uint8Array {
  return strings.bytes.subarray(startOf(strings, i), strings.ends[i]);
}

/** Byte strings from single ones. */
export function byteStrings(all: readonly Uint8Array[]): ByteStrings {
  const list = new StringList();
  for (const bytes of all) list.add(bytes, 0, bytes.length);
  return list.take();
}

/** Byte strings that come one after the other. */
export class StringList {
  // `transfer` to another length copies what is there: twice the room each time, so that no byte is copied often.
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1024);
  #ends: Uint32Array<ArrayBuffer> = new Uint32Array(64);
  /** How many there are, and the bytes of all of them. */
  length = 0;
  size = 0;

  /** Adds the string `bytes[start .. end)`. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const size = this.size + end - start;
    if (size > this.#bytes.length) this.#growBytes(size);
    if (this.length === this.#ends.length) this.#growEnds();
    copyBytes(bytes, start, end, this.#bytes, this.size);
    this.size = size;
    this.#ends[this.length++] = size;
  }

  /** All of them, in memory of their own; the list is empty then. */
  take(): ByteStrings {
    const bytes = new Uint8Array(this.#bytes.buffer.transfer(this.size));
    const ends = new Uint32Array(this.#ends.buffer.transfer(this.length * 4));
    this.#bytes = new Uint8Array(1024);
    this.#ends = new Uint32Array(64);
    this.length = 0;
    this.size = 0;
    return { bytes, ends };
  }

  #growBytes(size: number): void {
    assert(size < 2 ** 32, "byte strings end within 4 GiB");
    this.#bytes = new Uint8Array(this.#bytes.buffer.transfer(Math.max(size, this.#bytes.length * 2)));
  }

  #growEnds(): void {
    this.#ends = new Uint32Array(this.#ends.buffer.transfer(this.#ends.length * 8));
  }
}

/** Strings that are brought near at once: their lines stay in the cache until they are read. */
export const FETCHED_STRINGS = 128;

/**
 * Brings the strings with the numbers `order[from .. from + FETCHED_STRINGS)` near, as far as there are any: loads that
 * do not wait for one another, where string after string would wait for memory (state/probe.ts). The sum is for nobody.
 */
export function fetchStrings({ bytes, ends }: ByteStrings, order: Uint32Array, from: number): number {
  let sum = 0;
  if (bytes.length === 0) return sum;
  const to = Math.min(order.length, from + FETCHED_STRINGS);
  for (let k = from; k < to; k++) {
    const i = order[k] as number;
    const last = Math.max(1, ends[i] as number) - 1;
    sum ^= (bytes[i === 0 ? 0 : Math.min(last, ends[i - 1] as number)] as number) ^ (bytes[last] as number);
  }
  return sum;
}

/** Copies `from[start .. end)` to `to[at ..)`. */
export function copyBytes(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > COPIED_BYTES_MAX) to.set(from.subarray(start, end), at);
  else for (let i = start; i < end; i++) to[at + i - start] = from[i] as number;
}

/** Below 0 where string `i` of `a` comes before string `j` of `b`, byte by byte; 0 where they are equal. */
export function compareStrings(a: ByteStrings, i: number, b: ByteStrings, j: number): number {
  let from = startOf(a, i);
  let to = startOf(b, j);
  const lengthA = (a.ends[i] as number) - from;
  const lengthB = (b.ends[j] as number) - to;
  const end = from + Math.min(lengthA, lengthB);
  for (; from < end; from++, to++) {
    const difference = (a.bytes[from] as number) - (b.bytes[to] as number);
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}
