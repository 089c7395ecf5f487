/** Stages rows that only add to a table. */
import { ContentHash } from "@df/core/batch/canonical";
import { RowHasher } from "@df/core/batch/row-hasher";
import type { Batch, Shape, StageRequest } from "@df/core";
import { inTurns } from "../lake/in-turns.ts";
import { FILE_VALUE_BYTES_MAX, valueBytes, writeDataFiles } from "./data-files.ts";
import type { DataFileOptions } from "./data-files.ts";
import { emptyTextAsNull } from "./empty-text.ts";
import type { StagedFile } from "./manifest.ts";

/** The hash of no rows. */
export const NO_CONTENT: string = new ContentHash().toString();

/** What staging has written, before it becomes a manifest. */
export interface StagedAppend {
  readonly files: readonly StagedFile[];
  readonly rows: number;
  readonly contentHash: string;
}

/** Writes all rows of the request as new files, each as soon as it is full. `contentHash` is that of the rows before. */
export async function stageAppend(
  request: StageRequest,
  input: Shape,
  contentHash: string,
  options: DataFileOptions,
): Promise<StagedAppend> {
  const hasher = new RowHasher(input.schema);
  const hash = ContentHash.parse(contentHash);
  const files: StagedFile[] = [];
  let batches: Batch[] = [];
  let [rows, bytes] = [0, 0];
  const write = async (): Promise<void> => {
    for (const { file } of await writeDataFiles(batches, options)) files.push(file);
    batches = [];
    bytes = 0;
    request.letGo?.();
  };
  for await (const given of inTurns(request.batches)) {
    const batch = emptyTextAsNull(given, input.schema, options.partitionBy);
    hasher.add(batch, hash);
    rows += batch.length;
    bytes += valueBytes(batch);
    batches.push(batch);
    if (bytes >= FILE_VALUE_BYTES_MAX) await write();
  }
  await write();
  return { files, rows, contentHash: hash.toString() };
}
