/**
 * Entries of the key index: canonical key bytes to where the row lies and what it hashes to. Files have numbers, so
 * that an entry is short; beside the keys stand the path of each file, how many there are, and the content hash.
 */
import { DataflowError, startOf } from "@df/core";
import type { ByteStrings, StringList } from "@df/core";

/** The entry of the content hash of the whole table, as text. No key is empty: each column takes a byte at least. */
export const CONTENT_KEY: Uint8Array = new Uint8Array(0);
/** The entry of the number that the next file gets. The first byte of a key is 0 or 1. */
export const FILES_KEY: Uint8Array = Uint8Array.of(0xfe);
const FILE_TAG = 0xff;

/** Bytes of a location: the row's hash in 16, its number within the file and the file's number in 4 each. */
const LOCATION_BYTES = 24;
const ROW_AT = 16;
const FILE_AT = 20;

/** Where a key's row lies. */
export interface Location {
  /** Number of the data file. */
  readonly file: number;
  /** Within the file. */
  readonly row: number;
}

/** The entry of the path of file number `file`: decoded, relative to the table, in UTF-8. */
export function fileKey(file: number): Uint8Array {
  return Uint8Array.of(FILE_TAG, ...numberBytes(file));
}

/** Whether a key of the index is that of a row. */
export function isRowKey(key: Uint8Array): boolean {
  return key.length > 0 && (key[0] as number) < (FILES_KEY[0] as number);
}

/** A number as an entry has it: uint32, big-endian. */
export function numberBytes(number: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** The number that `numberBytes` has written; 0 for no bytes. */
export function numberIn(bytes: Uint8Array): number {
  return bytes.length === 0 ? 0 : new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
}

const entry: DataView = new DataView(new ArrayBuffer(LOCATION_BYTES));
const entryBytes = new Uint8Array(entry.buffer);

/** Appends a location with the row's hash, the four words of `hashes` from `at` on. */
export function addLocation(list: StringList, { file, row }: Location, hashes: Int32Array, at: number): void {
  for (let word = 0; word < 4; word++) entry.setInt32(word * 4, hashes[at + word] as number, true);
  entry.setUint32(ROW_AT, row, true);
  entry.setUint32(FILE_AT, file, true);
  list.add(entryBytes, 0, LOCATION_BYTES);
}

/** The locations that an index has answered with. */
export class Locations {
  readonly #values: ByteStrings;
  readonly #view: DataView;

  constructor(values: ByteStrings) {
    this.#values = values;
    const { buffer, byteOffset, byteLength } = values.bytes;
    this.#view = new DataView(buffer, byteOffset, byteLength);
  }

  /** Whether there is none among `count` entries from `first` on. */
  areNone(first: number, count: number): boolean {
    return startOf(this.#values, first) === startOf(this.#values, first + count);
  }

  /** Where entry `i` begins; −1 where there is none. @throws DF_CORRUPT when it is no location */
  at(i: number): number {
    const start = startOf(this.#values, i);
    const size = (this.#values.ends[i] as number) - start;
    if (size === LOCATION_BYTES) return start;
    if (size === 0) return -1;
    throw new DataflowError("DF_CORRUPT", `An entry of a Delta table's key index has ${size} bytes.`);
  }

  /** The location that begins at a place. */
  read(at: number): Location {
    return { file: this.#view.getUint32(at + FILE_AT, true), row: this.#view.getUint32(at + ROW_AT, true) };
  }

  /** Copies the hash of the row. */
  hash(at: number, into: Int32Array, to: number): void {
    for (let word = 0; word < 4; word++) into[to + word] = this.#view.getInt32(at + word * 4, true);
  }

  /** Whether the row has this hash: it is then as it was. */
  hasHash(at: number, hashes: Int32Array, from: number): boolean {
    for (let word = 0; word < 4; word++) {
      if (this.#view.getInt32(at + word * 4, true) !== hashes[from + word]) return false;
    }
    return true;
  }
}

/** Bytes as a text that can be a Map's key. */
export function keyText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
