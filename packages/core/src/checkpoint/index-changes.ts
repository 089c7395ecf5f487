/** Entries of a key index as bytes: what a page of it is. */
import { assert } from "../assert.ts";
import { type ByteStrings, startOf, StringList } from "../batch/byte-strings.ts";
import type { IndexChanges } from "../connector.ts";

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

/** All entries of some pieces, one after the other. */
export function joinPieces(pieces: Iterable<IndexChanges>): IndexChanges {
  const [keys, values] = [new StringList(), new StringList()];
  for (const piece of pieces) {
    addAll(piece.keys, keys);
    addAll(piece.values, values);
  }
  return { keys: keys.take(), values: values.take() };
}

function addAll(strings: ByteStrings, list: StringList): void {
  for (let i = 0; i < strings.ends.length; i++)
    list.add(strings.bytes, startOf(strings, i), strings.ends[i] as number);
}
