const C1 = 0x239b961b;
const C2 = 0xab0e9789;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93;

/** Bytes that are taken in at once: a word for each word of the hash. */
export const BLOCK_BYTES = 16;
/** What is done with a word of the hash and the word that it takes in: see `hash128`. */
export interface HashWord {
  readonly before: number;
  readonly bits: number;
  readonly after: number;
  readonly turn: number;
  readonly add: number;
}

/** The words of the hash as the functions below make them, for code that is made of it. */
export const HASH_WORDS: readonly HashWord[] = [
  { before: C1, bits: 15, after: C2, turn: 19, add: 0x561ccd1b },
  { before: C2, bits: 16, after: C3, turn: 17, add: 0x0bcaa747 },
  { before: C3, bits: 17, after: C4, turn: 15, add: 0x96cd1c35 },
  { before: C4, bits: 18, after: C1, turn: 13, add: 0x32ac3b17 },
];
/** The factors of its end. */
export const AVALANCHE: readonly [number, number] = [0x85ebca6b, 0xc2b2ae35];

/**
 * Writes the 128-bit hash of `bytes[start .. end)` to `out` as four words: `out[0]` is h1 of MurmurHash3_x86_128 with
 * seed 0. Frozen: key groups in checkpoints and content hashes in tables depend on it.
 * Source: Austin Appleby, MurmurHash3 (public domain).
 */
export function hash128(bytes: Uint8Array, start: number, end: number, out: Uint32Array): void {
  const length = end - start;
  const tail = end - (length & 15);
  let h1 = 0;
  let h2 = 0;
  let h3 = 0;
  let h4 = 0;
  for (let at = start; at < tail; at += 16) {
    h1 ^= mixed(word(bytes, at), C1, 15, C2);
    h1 = (Math.imul(rotated(h1, 19) + h2, 5) + 0x561ccd1b) | 0;
    h2 ^= mixed(word(bytes, at + 4), C2, 16, C3);
    h2 = (Math.imul(rotated(h2, 17) + h3, 5) + 0x0bcaa747) | 0;
    h3 ^= mixed(word(bytes, at + 8), C3, 17, C4);
    h3 = (Math.imul(rotated(h3, 15) + h4, 5) + 0x96cd1c35) | 0;
    h4 ^= mixed(word(bytes, at + 12), C4, 18, C1);
    h4 = (Math.imul(rotated(h4, 13) + h1, 5) + 0x32ac3b17) | 0;
  }
  // A missing word mixes to 0, so all four can be mixed whatever the length of the rest.
  h1 ^= mixed(wordBefore(bytes, tail, end), C1, 15, C2) ^ length;
  h2 ^= mixed(wordBefore(bytes, tail + 4, end), C2, 16, C3) ^ length;
  h3 ^= mixed(wordBefore(bytes, tail + 8, end), C3, 17, C4) ^ length;
  h4 ^= mixed(wordBefore(bytes, tail + 12, end), C4, 18, C1) ^ length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = avalanched((h2 + h1) | 0);
  h3 = avalanched((h3 + h1) | 0);
  h4 = avalanched((h4 + h1) | 0);
  h1 = (avalanched(h1) + h2 + h3 + h4) | 0;
  out[0] = h1;
  out[1] = h2 + h1;
  out[2] = h3 + h1;
  out[3] = h4 + h1;
}

/** Rows as bytes, each in a place of its own. */
export interface PlacedRows {
  readonly view: DataView;
  /** Row i is `starts[i] .. ends[i])`; the bytes behind it, up to the next multiple of 16 from its start, are 0. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/**
 * Writes the hashes of the first `count` rows, four words each, as `hash128` gives them. Whole words are read, also
 * across the end of a row: a missing byte counts as a 0.
 */
export function hashRows({ view, starts, ends }: PlacedRows, count: number, into: Int32Array): void {
  for (let row = 0; row < count; row++) {
    const start = starts[row] as number;
    const length = (ends[row] as number) - start;
    const tail = start + (length & ~15);
    let h1 = 0;
    let h2 = 0;
    let h3 = 0;
    let h4 = 0;
    for (let at = start; at < tail; at += 16) {
      h1 ^= mixed(view.getInt32(at, true), C1, 15, C2);
      h1 = (Math.imul(rotated(h1, 19) + h2, 5) + 0x561ccd1b) | 0;
      h2 ^= mixed(view.getInt32(at + 4, true), C2, 16, C3);
      h2 = (Math.imul(rotated(h2, 17) + h3, 5) + 0x0bcaa747) | 0;
      h3 ^= mixed(view.getInt32(at + 8, true), C3, 17, C4);
      h3 = (Math.imul(rotated(h3, 15) + h4, 5) + 0x96cd1c35) | 0;
      h4 ^= mixed(view.getInt32(at + 12, true), C4, 18, C1);
      h4 = (Math.imul(rotated(h4, 13) + h1, 5) + 0x32ac3b17) | 0;
    }
    h1 ^= mixed(view.getInt32(tail, true), C1, 15, C2) ^ length;
    h2 ^= mixed(view.getInt32(tail + 4, true), C2, 16, C3) ^ length;
    h3 ^= mixed(view.getInt32(tail + 8, true), C3, 17, C4) ^ length;
    h4 ^= mixed(view.getInt32(tail + 12, true), C4, 18, C1) ^ length;
    h1 = (h1 + h2 + h3 + h4) | 0;
    h2 = avalanched((h2 + h1) | 0);
    h3 = avalanched((h3 + h1) | 0);
    h4 = avalanched((h4 + h1) | 0);
    h1 = (avalanched(h1) + h2 + h3 + h4) | 0;
    const at = row * 4;
    into[at] = h1;
    into[at + 1] = h2 + h1;
    into[at + 2] = h3 + h1;
    into[at + 3] = h4 + h1;
  }
}

/** The first word of the hash of nine bytes: two words of four and a last one of which only the lowest byte is set. */
export function hashOfNine(first: number, second: number, last: number): number {
  const h2 = mixed(second, C2, 16, C3) ^ 9;
  const h3 = mixed(last, C3, 17, C4) ^ 9;
  const h1 = ((mixed(first, C1, 15, C2) ^ 9) + h2 + h3 + 9) | 0;
  return (
    (avalanched(h1) + avalanched((h2 + h1) | 0) + avalanched((h3 + h1) | 0) + avalanched((9 + h1) | 0)) | 0
  );
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/** The little-endian word of the at most four bytes `bytes[at .. end)`. */
function wordBefore(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (let i = Math.min(end, at + 4) - 1; i >= at; i--) value = (value << 8) | (bytes[i] as number);
  return value;
}

function mixed(value: number, before: number, bits: number, after: number): number {
  return Math.imul(rotated(Math.imul(value, before), bits), after);
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function avalanched(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
