/** Writes rows as new data files of a table: durable, and not yet part of it. */
import { randomUUID } from "node:crypto";
import { crc32 } from "node:zlib";
import { pick } from "@df/core";
import type { Batch, Schema } from "@df/core";
import type { ParquetEncoder } from "@df/formats/parquet/encoder";
import { groupByPartition } from "../lake/group.ts";
import type { PartitionGroup } from "../lake/group.ts";
import { partitionPath } from "../lake/partition.ts";
import type { ObjectStore } from "../object-store/object-store.ts";
import type { StagedFile } from "./manifest.ts";
import { fileStatistics } from "./statistics.ts";

/**
 * Values of a file before it is compressed: half of it and less on disk. While it is made, memory holds them three
 * times: as they came, packed for the encoder, and encoded.
 */
export const FILE_VALUE_BYTES_MAX: number = 32 * 1024 * 1024;

/** A file and the rows that went into it, in its order, with all columns of the table. */
export interface WrittenFile {
  readonly file: StagedFile;
  readonly batches: readonly Batch[];
}

/** Where and how data files are written. */
export interface DataFileOptions {
  readonly store: ObjectStore;
  readonly encoder: ParquetEncoder;
  readonly schema: Schema;
  readonly partitionBy: readonly string[];
}

/** Writes one file per partition, or several where one would be too large. Partition columns stay out of the files. */
export async function writeDataFiles(
  batches: readonly Batch[],
  options: DataFileOptions,
): Promise<readonly WrittenFile[]> {
  const { schema, partitionBy } = options;
  const partitions = new Set(partitionBy);
  const fileSchema = pick(
    schema,
    schema.fields.flatMap(({ name }) => (partitions.has(name) ? [] : [name])),
  );
  const written: WrittenFile[] = [];
  for (const group of groupByPartition(batches, schema, partitionBy)) {
    for (const part of cutFiles(group.batches, FILE_VALUE_BYTES_MAX)) {
      written.push(
        await writeFile({ values: group.values, batches: part }, fileSchema, written.length, options),
      );
    }
  }
  return written;
}

async function writeFile(
  { values, batches }: PartitionGroup,
  fileSchema: Schema,
  number: number,
  { store, encoder, partitionBy }: DataFileOptions,
): Promise<WrittenFile> {
  const folder = partitionBy.length === 0 ? "" : `${partitionPath(partitionBy, values)}/`;
  const path = `${folder}part-${String(number).padStart(5, "0")}-${randomUUID()}.parquet`;
  const { bytes, rows, statistics } = await encoder.encode(fileSchema, batches);
  await store.put(path, bytes);
  const file: StagedFile = {
    path,
    partitionValues: Object.fromEntries(partitionBy.map((name, i) => [name, values[i] ?? null])),
    sizeBytes: bytes.length,
    rows,
    stats: fileStatistics(fileSchema, rows, statistics, batches),
    crc32: crc32(bytes),
  };
  return { file, batches };
}

/** Batches as parts of at most `bytesMax` bytes of values, or of one batch. */
export function cutFiles(batches: readonly Batch[], bytesMax: number): Batch[][] {
  const parts: Batch[][] = [];
  let room = 0;
  for (const batch of batches) {
    const bytes = valueBytes(batch);
    if (bytes > room) {
      parts.push([]);
      room = bytesMax;
    }
    parts.at(-1)?.push(batch);
    room -= bytes;
  }
  return parts;
}

/** Bytes that the values of a batch count for. */
export function valueBytes({ columns, length }: Batch): number {
  let bytes = 0;
  for (const column of columns) {
    bytes += length * 8;
    if (column.layout !== "text") continue;
    for (let row = 0; row < length; row++)
      bytes += (column.ends[row] as number) - (column.starts[row] as number);
  }
  return bytes;
}
