/** Nested records in Parquet, as table formats keep their own metadata: few rows, any shape, plain objects. */
import { parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import type { AsyncBuffer, SchemaElement } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { decompressors } from "./decompress.ts";

export type { SchemaElement } from "hyparquet";

/**
 * Reads records; a top-level column that the file does not have is left out. int64 comes as bigint, maps as objects.
 * @throws Error when the bytes are no Parquet file
 */
export async function readRecords(
  bytes: Uint8Array,
  columns: readonly string[],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const file = asyncBuffer(bytes);
  const metadata = await parquetMetadataAsync(file);
  const present = new Set(parquetSchema(metadata).children.map(({ element }) => element.name));
  const wanted = columns.filter((name) => present.has(name));
  return parquetReadObjects({ file, metadata, columns: wanted, compressors: decompressors });
}

/**
 * Writes records with a schema in Parquet's own terms, depth first; int64 is taken as bigint, maps as key/value
 * lists.
 */
export function writeRecords(
  schema: readonly SchemaElement[],
  columns: readonly { readonly name: string; readonly data: readonly unknown[] }[],
): Uint8Array {
  const columnData = columns.map(({ name, data }) => ({ name, data: [...data] }));
  return new Uint8Array(parquetWriteBuffer({ schema: [...schema], columnData, rowGroupSize: 100_000 }));
}

/** A file in memory as hyparquet reads it. */
export function asyncBuffer(bytes: Uint8Array): AsyncBuffer {
  return {
    byteLength: bytes.byteLength,
    // A copy of its own: `slice` of a Buffer would be a view on a larger buffer.
    slice: (start, end) => new Uint8Array(bytes.subarray(start, end)).buffer,
  };
}
