/** Entries of the key index: canonical key bytes to where the row lies and what it hashes to. */
import { DataflowError } from "@df/core";
import { ROW_HASH_BYTES } from "@df/core/batch/canonical";

/** Where a key's row lies. */
export interface Location {
  /** Of the data file, decoded, relative to the table. */
  readonly path: string;
  /** Within the file. */
  readonly row: number;
  /** Of the whole row, 16 bytes. */
  readonly hash: Uint8Array;
}

/**
 * The entry that holds the content hash of the whole table, as text. No key is empty: it has a column at least, and
 * each takes a byte.
 */
export const CONTENT_KEY: Uint8Array = new Uint8Array(0);

const PATH_AT = ROW_HASH_BYTES + 4;

/** Hash, then the row as uint32 little-endian, then the path in UTF-8. */
export function encodeLocation({ path, row, hash }: Location): Uint8Array {
  const text = Buffer.from(path, "utf8");
  const bytes = new Uint8Array(PATH_AT + text.length);
  bytes.set(hash);
  new DataView(bytes.buffer).setUint32(ROW_HASH_BYTES, row, true);
  bytes.set(text, PATH_AT);
  return bytes;
}

/** @throws DF_CORRUPT when the bytes are no entry */
export function decodeLocation(bytes: Uint8Array): Location {
  if (bytes.length <= PATH_AT)
    throw new DataflowError("DF_CORRUPT", "An entry of a Delta table's key index is cut off.");
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    path: buffer.toString("utf8", PATH_AT),
    row: buffer.readUInt32LE(ROW_HASH_BYTES),
    hash: bytes.subarray(0, ROW_HASH_BYTES),
  };
}

/** Bytes as a text that can be a Map's key. */
export function keyText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** The bytes of a `keyText`. */
export function keyBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}
