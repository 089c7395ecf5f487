import type { ByteSink } from "../byte-sink.ts";

/** What a copy may reach back is 16 bits: fragments of this size are compressed each for itself. */
export const FRAGMENT_BYTES = 65_536;
/** The last bytes of a fragment are not searched, so that a search may read whole words. */
export const MARGIN_BYTES = 15;
/** Bits of a place in the table. */
export const HASH_BITS = 14;
const HASH_SHIFT = 32 - HASH_BITS;
/** Makes a hash of four bytes, of which the upper `HASH_BITS` bits count. */
export const HASH_FACTOR = 0x1e35a7bd;

/** Where in the fragment the bytes of a hash were last seen. */
const table = new Uint16Array(1 << HASH_BITS);

/**
 * Appends all bytes of `source`, compressed, to `out`.
 *
 * Source: format_description.txt of google/snappy, with its greedy search: the further nothing is found, the larger the
 * steps, so that what cannot be compressed costs little.
 */
export function compressSnappy(source: ByteSink, out: ByteSink): void {
  const size = source.length;
  out.varint(size);
  // A fragment grows by its literals' tags only: 3 bytes each, behind a copy of at least 4 bytes in 2 or 3.
  out.reserve(size + Math.ceil(size / 6) + 32);
  for (let start = 0; start < size; start += FRAGMENT_BYTES) {
    out.length = compressFragment(source, start, Math.min(size, start + FRAGMENT_BYTES), out);
  }
}

/** Compresses `source[start .. end)`; the new end of `out`. */
function compressFragment(source: ByteSink, start: number, end: number, out: ByteSink): number {
  const from = source.view;
  const limit = end - MARGIN_BYTES;
  let to = out.length;
  let literalAt = start;
  let at = start + 1;
  let misses = 32;
  if (at < limit) table.fill(0);
  while (at < limit) {
    const word = from.getInt32(at, true);
    const hash = Math.imul(word, HASH_FACTOR) >>> HASH_SHIFT;
    const candidate = start + (table[hash] as number);
    table[hash] = at - start;
    if (from.getInt32(candidate, true) !== word) {
      at += misses++ >> 5;
      continue;
    }
    misses = 32;
    if (at > literalAt) to = writeLiteral(source, literalAt, at, out, to);
    const length = matchLength(source, candidate, at, end);
    to = writeCopy(out.bytes, to, at - candidate, length);
    at += length;
    literalAt = at;
    if (at < limit) {
      table[Math.imul(from.getInt32(at - 1, true), HASH_FACTOR) >>> HASH_SHIFT] = at - 1 - start;
    }
  }
  return literalAt < end ? writeLiteral(source, literalAt, end, out, to) : to;
}

/** Bytes that are equal from `earlier` and from `at` on, of which 4 are known to be. */
function matchLength(source: ByteSink, earlier: number, at: number, end: number): number {
  const { bytes, view } = source;
  let length = 4;
  while (
    at + length + 4 <= end &&
    view.getInt32(at + length, true) === view.getInt32(earlier + length, true)
  ) {
    length += 4;
  }
  while (at + length < end && bytes[at + length] === bytes[earlier + length]) length++;
  return length;
}

function writeLiteral(source: ByteSink, start: number, end: number, out: ByteSink, at: number): number {
  const { bytes, view } = out;
  const size = end - start;
  let to = at;
  if (size <= 60) bytes[to++] = (size - 1) << 2;
  else if (size <= 256) {
    bytes[to++] = 60 << 2;
    bytes[to++] = size - 1;
  } else {
    bytes[to++] = 61 << 2;
    bytes[to++] = size - 1;
    bytes[to++] = (size - 1) >> 8;
  }
  if (size > 200) bytes.set(source.bytes.subarray(start, end), to);
  else {
    // Whole words, across the end of both: sinks have spare bytes there, and the next element overwrites them.
    for (let i = 0; i < size; i += 4) view.setInt32(to + i, source.view.getInt32(start + i, true), true);
  }
  return to + size;
}

function writeCopy(bytes: Uint8Array, at: number, offset: number, length: number): number {
  let to = at;
  let rest = length;
  // At least 4 bytes are left for the last copy, which may then be a short one.
  while (rest >= 68) {
    to = writeLongCopy(bytes, to, offset, 64);
    rest -= 64;
  }
  if (rest > 64) {
    to = writeLongCopy(bytes, to, offset, 60);
    rest -= 60;
  }
  if (rest >= 12 || offset >= 2048) return writeLongCopy(bytes, to, offset, rest);
  bytes[to] = ((offset >> 8) << 5) | ((rest - 4) << 2) | 1;
  bytes[to + 1] = offset;
  return to + 2;
}

function writeLongCopy(bytes: Uint8Array, at: number, offset: number, length: number): number {
  bytes[at] = ((length - 1) << 2) | 2;
  bytes[at + 1] = offset;
  bytes[at + 2] = offset >> 8;
  return at + 3;
}
