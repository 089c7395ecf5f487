/** Entries of a key index as bytes: what an intent keeps of its changes, and a page of the index of its keys. */
import { assert } from "../assert.ts";
import { type ByteStrings, copyBytes, startOf } from "../batch/byte-strings.ts";
import type { IndexChanges } from "../connector.ts";

/** Bytes of entries in one piece at most: a value of SQLite has its limit. */
const PIECE_BYTES_MAX = 64 * 1024 * 1024;

/** Words: how many there are, where keys end, where values end; then the bytes of keys, and those of values. */
export function packChanges({ keys, values }: IndexChanges): Uint8Array {
  const count = keys.ends.length;
  assert(values.ends.length === count, "each key has a value");
  const wordBytes = 4 + 8 * count;
  const packed = new Uint8Array(wordBytes + keys.bytes.length + values.bytes.length);
  const words = new Uint32Array(packed.buffer, 0, 1 + 2 * count);
  words[0] = count;
  words.set(keys.ends, 1);
  words.set(values.ends, 1 + count);
  packed.set(keys.bytes, wordBytes);
  packed.set(values.bytes, wordBytes + keys.bytes.length);
  return packed;
}

/** What `packChanges` has made: views on the bytes, or on a copy where they do not lie at a multiple of four. */
export function unpackChanges(bytes: Uint8Array): IndexChanges {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const packed = new Uint8Array(buffer, byteOffset, byteLength);
  const count = new Uint32Array(buffer, byteOffset, 1)[0] as number;
  const words = new Uint32Array(buffer, byteOffset, 1 + 2 * count);
  const keyEnds = words.subarray(1, 1 + count);
  const keysAt = 4 + 8 * count;
  const valuesAt = keysAt + (keyEnds.at(-1) ?? 0);
  return {
    keys: { bytes: packed.subarray(keysAt, valuesAt), ends: keyEnds },
    values: { bytes: packed.subarray(valuesAt), ends: words.subarray(1 + count) },
  };
}

/**
 * Entries that are taken from two places, packed in the order of `places`: the place of an old one, or below 0 that of a
 * changed one, all bits flipped. `bytes`: of their keys and values.
 */
export function packMerged(
  old: IndexChanges,
  changes: IndexChanges,
  places: Int32Array,
  bytes: number,
): Uint8Array {
  const count = places.length;
  const packed = new Uint8Array(4 + 8 * count + bytes);
  const words = new Uint32Array(packed.buffer, 0, 1 + 2 * count);
  words[0] = count;
  const valuesAt = pasteStrings(
    { old: old.keys, changed: changes.keys, places },
    packed,
    4 + 8 * count,
    words.subarray(1),
  );
  pasteStrings(
    { old: old.values, changed: changes.values, places },
    packed,
    valuesAt,
    words.subarray(1 + count),
  );
  return packed;
}

/** Writes strings from two places from `start` on, and where each ends, counted from there; returns where all end. */
function pasteStrings(
  strings: { readonly old: ByteStrings; readonly changed: ByteStrings; readonly places: Int32Array },
  into: Uint8Array,
  start: number,
  ends: Uint32Array,
): number {
  const { old, changed, places } = strings;
  let at = start;
  for (let i = 0; i < places.length; i++) {
    const place = places[i] as number;
    const from = place < 0 ? changed : old;
    const nth = place < 0 ? ~place : place;
    const begin = startOf(from, nth);
    const end = from.ends[nth] as number;
    copyBytes(from.bytes, begin, end, into, at);
    at += end - begin;
    ends[i] = at - start;
  }
  return at;
}

/** The changes in their order, in pieces that SQLite takes. */
export function* piecesOf(
  changes: IndexChanges,
  bytesMax: number = PIECE_BYTES_MAX,
): Generator<Uint8Array, void, undefined> {
  const count = changes.keys.ends.length;
  for (let start = 0; start < count;) {
    let end = start + 1;
    const from = sizeTo(changes, start);
    while (end < count && sizeTo(changes, end + 1) - from <= bytesMax) end++;
    yield packChanges({ keys: part(changes.keys, start, end), values: part(changes.values, start, end) });
    start = end;
  }
}

/** All changes of some pieces. */
export function joinPieces(pieces: readonly Uint8Array[]): IndexChanges {
  const parts = pieces.map(unpackChanges);
  return { keys: joined(parts.map(({ keys }) => keys)), values: joined(parts.map(({ values }) => values)) };
}

/** Bytes of the first `count` entries. */
function sizeTo({ keys, values }: IndexChanges, count: number): number {
  return startOf(keys, count) + startOf(values, count) + 8 * count;
}

/** The strings `start .. end)`: their bytes are a view. */
function part(strings: ByteStrings, start: number, end: number): ByteStrings {
  const from = startOf(strings, start);
  return {
    bytes: strings.bytes.subarray(from, startOf(strings, end)),
    ends: strings.ends.slice(start, end).map((at) => at - from),
  };
}

function joined(all: readonly ByteStrings[]): ByteStrings {
  const [only] = all;
  if (all.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(all.reduce((sum, strings) => sum + strings.bytes.length, 0));
  const ends = new Uint32Array(all.reduce((sum, strings) => sum + strings.ends.length, 0));
  let size = 0;
  let count = 0;
  for (const strings of all) {
    bytes.set(strings.bytes, size);
    for (const end of strings.ends) ends[count++] = size + end;
    size += strings.bytes.length;
  }
  return { bytes, ends };
}
