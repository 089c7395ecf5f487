/**
 * The loops over an index, a batch at a time. Each is a row of loads that do not wait for one another: the machine then
 * fetches ten lines of memory at once, where find after find would fetch one. At nine million keys that is the
 * difference between 300 and 40 ns a row.
 */

import type { StagedText } from "./staged-keys.ts";

/** Written for a key whose hash is there under another key: who reads it looks again, key by key. */
export const OTHER_KEY = -2;

/** The arrays of an index while nothing is added to it. See key-index.ts. */
export interface IndexView {
  /** Pairs {offset of a segment, its rows and depth}, by the upper `bits` bits of a hash. */
  readonly directory: Int32Array;
  readonly bits: number;
  /** Slots of a segment. */
  readonly slots: number;
  /** Pairs {id + 1, hash}. */
  readonly ints: Int32Array;
}

/** Keys `from .. to)` of those that are staged. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The rows of a table and the keys that are looked for, as ints. */
export interface KeyView {
  readonly rows: Int32Array;
  readonly rowInts: number;
  readonly keys: Int32Array;
  readonly keyInts: number;
  /** How many of a key's ints are compared: those before its texts. */
  readonly plainInts: number;
}

/** Brings the first slots of the hashes near. The sum is for nobody: without it the loads would be left out. */
export function fetchSlots(
  { directory, bits, slots, ints }: IndexView,
  hashes: Int32Array,
  { from, to }: Range,
): number {
  const mask = slots * 2 - 1;
  const shift = 31 - bits;
  let sum = 0;
  for (let i = from; i < to; i++) {
    const hash = hashes[i] as number;
    const base = directory[((hash >>> 1) >>> shift) * 2] as number;
    sum ^= ints[base + ((hash << 1) & mask)] as number;
  }
  return sum;
}

/** The id that is under each hash, whatever its key, or −1. */
export function findHashes(
  { directory, bits, slots, ints }: IndexView,
  hashes: Int32Array,
  { from, to }: Range,
  out: Int32Array,
): void {
  const mask = slots * 2 - 1;
  const shift = 31 - bits;
  for (let i = from; i < to; i++) {
    const hash = hashes[i] as number;
    const base = directory[((hash >>> 1) >>> shift) * 2] as number;
    let at = (hash << 1) & mask;
    let entry = ints[base + at] as number;
    while (entry !== 0 && ints[base + at + 1] !== hash) {
      at = (at + 2) & mask;
      entry = ints[base + at] as number;
    }
    out[i] = entry - 1;
  }
}

/**
 * Writes OTHER_KEY where the row that was found differs from the key in its plain ints. Returns how many keys have no
 * row now.
 */
export function compareKeys(
  { rows, rowInts, keys, keyInts, plainInts }: KeyView,
  { from, to }: Range,
  out: Int32Array,
): number {
  let missing = 0;
  for (let i = from; i < to; i++) {
    const id = out[i] as number;
    if (id < 0) {
      missing++;
      continue;
    }
    const row = id * rowInts;
    const key = i * keyInts;
    let k = 0;
    while (k < plainInts && rows[row + k] === keys[key + k]) k++;
    if (k < plainInts) {
      out[i] = OTHER_KEY;
      missing++;
    }
  }
  return missing;
}

/** Keys of one word, their hashes, and the rows that have them, as ints. */
export interface WordView {
  readonly rows: Int32Array;
  readonly rowInts: number;
  readonly keys: Int32Array;
  readonly hashes: Int32Array;
}

/**
 * The id of each key of one word that lies in the slot of its hash or the one behind it, as most do, and −1 for the
 * others: they are absent or further on. Their positions go to `unsure`; returns how many they are. Not a branch
 * depends on what is found: the machine foresees half of them wrongly, and then waits for memory.
 */
export function findWords(
  index: IndexView,
  { rows, rowInts, keys, hashes }: WordView,
  range: Range,
  { out, unsure }: { readonly out: Int32Array; readonly unsure: Int32Array },
): number {
  findNear(index, hashes, range, out);
  const { from, to } = range;
  let count = 0;
  for (let i = from; i < to; i++) {
    const id = out[i] as number;
    const isNone = id >> 31;
    const row = (id & ~isNone) * rowInts;
    const difference =
      ((rows[row] as number) ^ (keys[i * 2] as number)) |
      ((rows[row + 1] as number) ^ (keys[i * 2 + 1] as number));
    const isUnsure = isOther(difference) | isNone;
    out[i] = id | isUnsure;
    unsure[count] = i;
    count -= isUnsure;
  }
  return count;
}

/** The id that is under each hash in its own slot or the one behind it, whatever its key, or −1. */
function findNear(
  { directory, bits, slots, ints }: IndexView,
  hashes: Int32Array,
  { from, to }: Range,
  out: Int32Array,
): void {
  const mask = slots * 2 - 1;
  const shift = 31 - bits;
  for (let i = from; i < to; i++) {
    const hash = hashes[i] as number;
    const base = directory[((hash >>> 1) >>> shift) * 2] as number;
    const own = base + ((hash << 1) & mask);
    const next = base + (((hash << 1) + 2) & mask);
    const isOtherOwn = isOther((ints[own + 1] as number) ^ hash);
    const isOtherNext = isOther((ints[next + 1] as number) ^ hash);
    const entry =
      ((ints[own] as number) & ~isOtherOwn) | ((ints[next] as number) & isOtherOwn & ~isOtherNext);
    out[i] = entry - 1;
  }
}

/** −1 for a difference, 0 for none. */
function isOther(difference: number): number {
  return (difference | -difference) >> 31;
}

/** Where the references to one text of the keys lie in rows, and the heap's ints. */
export interface TextView {
  readonly rows: Int32Array;
  readonly rowInts: number;
  /** Ints from the start of a row to the reference; the next one is the text's hash. */
  readonly word: number;
  /** A length, then the bytes, at four times each reference. See heap.ts. */
  readonly texts: Int32Array;
}

/** Brings the texts of the rows that were found near. The sum is for nobody. */
export function fetchTexts(
  { rows, rowInts, word, texts }: TextView,
  { from, to }: Range,
  out: Int32Array,
): number {
  let sum = 0;
  for (let i = from; i < to; i++) {
    const id = out[i] as number;
    if (id >= 0) sum ^= texts[(rows[id * rowInts + word] as number) * 4] as number;
  }
  return sum;
}

/** Writes OTHER_KEY where the row that was found differs from the key in a text; returns how many it were. */
export function compareTexts(
  { rows, rowInts, word, texts }: TextView,
  { view, starts, ends }: StagedText,
  { from, to }: Range,
  out: Int32Array,
): number {
  let others = 0;
  for (let i = from; i < to; i++) {
    const id = out[i] as number;
    if (id < 0) continue;
    const stored = (rows[id * rowInts + word] as number) * 4;
    const end = ends[i] as number;
    let at = starts[i] as number;
    let same = texts[stored] === end - at;
    let next = stored + 1;
    for (; same && at + 4 <= end; at += 4) same = texts[next++] === view.getInt32(at, true);
    // The last one to three bytes, the first of them lowest.
    for (let shift = 0; same && at < end; at++, shift += 8) {
      same = (((texts[next] as number) >>> shift) & 0xff) === view.getUint8(at);
    }
    if (same) continue;
    out[i] = OTHER_KEY;
    others++;
  }
  return others;
}
