/** Deletion vectors: which rows of a data file are deleted (PROTOCOL.md, "Deletion Vector Format"). */
import { randomUUID } from "node:crypto";
import { crc32 } from "node:zlib";
import { DataflowError } from "@df/core";
import type { ObjectStore } from "../object-store/object-store.ts";
import type { VectorDescriptor } from "./actions.ts";
import { decodeRoaring64, encodeRoaring64 } from "./roaring64.ts";
import { decodeZ85, encodeZ85 } from "./z85.ts";

/** Begins each bitmap, little-endian. */
const MAGIC = 1681511377;
/** The format of vector files, their first byte. */
const FILE_VERSION = 1;
/** Characters of a UUID in Z85. */
const UUID_CHARACTERS = 20;
const NO_ROWS: Float64Array = new Float64Array(0);

/**
 * Writes one new file that holds the vectors of several data files.
 * @param rowSets for each data file its deleted rows, ascending
 * @returns one descriptor per data file
 */
export async function writeVectors(
  store: ObjectStore,
  rowSets: readonly Float64Array[],
): Promise<readonly VectorDescriptor[]> {
  const uuid = randomUUID();
  const uuidText = encodeZ85(Buffer.from(uuid.replaceAll("-", ""), "hex"));
  const parts: Uint8Array[] = [Uint8Array.of(FILE_VERSION)];
  const descriptors: VectorDescriptor[] = [];
  let offset = 1;
  for (const rows of rowSets) {
    const bitmap = encodeBitmap(rows);
    const size = new Uint8Array(4);
    new DataView(size.buffer).setInt32(0, bitmap.length);
    const checksum = new Uint8Array(4);
    new DataView(checksum.buffer).setUint32(0, crc32(bitmap));
    parts.push(size, bitmap, checksum);
    descriptors.push({
      storageType: "u",
      pathOrInlineDv: uuidText,
      offset,
      sizeInBytes: bitmap.length,
      cardinality: rows.length,
    });
    offset += bitmap.length + 8;
  }
  await store.put(`deletion_vector_${uuid}.bin`, Buffer.concat(parts));
  return descriptors;
}

function encodeBitmap(rows: Float64Array): Uint8Array {
  const magic = new Uint8Array(4);
  new DataView(magic.buffer).setInt32(0, MAGIC, true);
  return Buffer.concat([magic, encodeRoaring64(rows)]);
}

/**
 * The deleted rows of a data file, ascending; none without a vector.
 * @throws DF_DELTA_LOG when the vector is lost, damaged or lies where we cannot read
 */
export async function readVector(
  store: ObjectStore,
  vector: VectorDescriptor | undefined,
): Promise<Float64Array> {
  if (vector === undefined) return NO_ROWS;
  if (vector.storageType === "i") {
    return decodeBitmap(decodeZ85(vector.pathOrInlineDv).subarray(0, vector.sizeInBytes), vector);
  }
  const path = vectorPath(vector);
  const file = await store.get(path);
  if (file === undefined) {
    throw new DataflowError(
      "DF_DELTA_LOG",
      `The deletion vector file "${path}" is lost, so it is unknown which rows are deleted. ` +
        "Restore the file, or the table to a version without it.",
    );
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const start = (vector.offset ?? 0) + 4;
  const end = start + vector.sizeInBytes;
  if (end + 4 > file.length || view.getInt32(start - 4) !== vector.sizeInBytes)
    throw damaged(path, "it is cut off");
  const bitmap = file.subarray(start, end);
  if (view.getUint32(end) !== crc32(bitmap)) throw damaged(path, "its checksum is wrong");
  return decodeBitmap(bitmap, vector);
}

/** The file of a vector, relative to the table. */
function vectorPath(vector: VectorDescriptor): string {
  const text = vector.pathOrInlineDv;
  if (vector.storageType !== "u" || text.length < UUID_CHARACTERS) {
    throw new DataflowError(
      "DF_SINK_UNSUPPORTED",
      `A deletion vector lies outside of the table (storage type "${vector.storageType}", ${text}). Compact the table first.`,
    );
  }
  const prefix = text.slice(0, -UUID_CHARACTERS);
  const hex = Buffer.from(decodeZ85(text.slice(-UUID_CHARACTERS))).toString("hex");
  const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return `${prefix === "" ? "" : `${prefix}/`}deletion_vector_${uuid}.bin`;
}

function decodeBitmap(bytes: Uint8Array, vector: VectorDescriptor): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getInt32(0, true) !== MAGIC)
    throw damaged(vector.pathOrInlineDv, "it begins wrongly");
  const rows = decodeRoaring64(bytes.subarray(4));
  if (rows.length !== vector.cardinality) {
    throw damaged(vector.pathOrInlineDv, `it has ${rows.length} rows instead of ${vector.cardinality}`);
  }
  return rows;
}

function damaged(where: string, what: string): DataflowError {
  return new DataflowError("DF_DELTA_LOG", `The deletion vector in "${where}" is damaged: ${what}.`);
}

/** Both sets of rows as one; each is ascending, and so is the result. */
export function mergeRows(a: Float64Array, b: Float64Array): Float64Array {
  const merged = new Float64Array(a.length + b.length);
  let i = 0;
  let j = 0;
  let length = 0;
  while (i < a.length || j < b.length) {
    const left = i < a.length ? (a[i] as number) : Number.POSITIVE_INFINITY;
    const right = j < b.length ? (b[j] as number) : Number.POSITIVE_INFINITY;
    merged[length++] = Math.min(left, right);
    if (left <= right) i++;
    if (right <= left) j++;
  }
  return merged.slice(0, length);
}
