/** Rows as data files under hidden names. */
import { randomUUID } from "node:crypto";
import type { Batch, Schema } from "@df/core";
import type { ContentHash } from "@df/core/batch/canonical";
import type { RowHasher } from "@df/core/batch/row-hasher";
import type { ParquetEncoder } from "@df/formats/parquet/encoder";
import { groupByPartition } from "../lake/group.ts";
import { partitionPath } from "../lake/partition.ts";
import { stageFile } from "../lake/staged-file.ts";
import type { CommittedFile } from "../lake/manifest.ts";
import type { ObjectStore } from "../object-store/object-store.ts";

/** Bytes of columns that become one file, or one per partition; about a third to half of it once encoded. */
const FILE_COLUMN_BYTES = 32 * 1024 * 1024;

/** Where and how rows are staged. */
export interface StageOptions {
  readonly store: ObjectStore;
  readonly encoder: ParquetEncoder;
  readonly schema: Schema;
  readonly partitionBy: readonly string[];
  readonly hasher: RowHasher;
  /** Each row is added to it. */
  readonly contentHash: ContentHash;
}

/** Writes all rows durably under names never used before; the files are named as they will be once committed. */
export async function stageFiles(
  options: StageOptions,
  batches: AsyncIterable<Batch>,
): Promise<CommittedFile[]> {
  const files: CommittedFile[] = [];
  let collected: Batch[] = [];
  let size = 0;
  for await (const batch of batches) {
    options.hasher.add(batch, options.contentHash);
    collected.push(batch);
    size += columnBytes(batch);
    if (size < FILE_COLUMN_BYTES) continue;
    files.push(...(await writeFiles(options, collected)));
    collected = [];
    size = 0;
  }
  files.push(...(await writeFiles(options, collected)));
  return files;
}

async function writeFiles(options: StageOptions, batches: readonly Batch[]): Promise<CommittedFile[]> {
  const { store, encoder, schema, partitionBy } = options;
  const files: CommittedFile[] = [];
  for (const group of groupByPartition(batches, schema, partitionBy)) {
    const folder = partitionPath(partitionBy, group.values);
    const path = `${folder}${folder === "" ? "" : "/"}data-${randomUUID()}.parquet`;
    const { bytes, rows } = await encoder.encode(schema, group.batches);
    files.push(await stageFile(store, { path, bytes, rows, partition: group.values }));
  }
  return files;
}

function columnBytes(batch: Batch): number {
  let bytes = 0;
  for (const column of batch.columns) {
    if (column.layout !== "text") {
      bytes += batch.length * column.values.BYTES_PER_ELEMENT;
      continue;
    }
    const { starts, ends } = column;
    for (let row = 0; row < batch.length; row++) bytes += (ends[row] as number) - (starts[row] as number) + 4;
  }
  return bytes;
}
