/** Stages rows that only add to a table. */
import { ContentHash } from "@df/core/batch/canonical";
import { RowHasher } from "@df/core/batch/row-hasher";
import type { Batch, Shape, StageRequest } from "@df/core";
import { writeDataFiles } from "./data-files.ts";
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

/** Writes all rows of the request as new files. `contentHash` is that of the rows before. */
export async function stageAppend(
  request: StageRequest,
  input: Shape,
  contentHash: string,
  options: DataFileOptions,
): Promise<StagedAppend> {
  const hasher = new RowHasher(input.schema);
  const hash = ContentHash.parse(contentHash);
  const batches: Batch[] = [];
  let rows = 0;
  for await (const given of request.batches) {
    const batch = emptyTextAsNull(given, input.schema, options.partitionBy);
    hasher.add(batch, hash);
    rows += batch.length;
    batches.push(batch);
  }
  const written = rows === 0 ? [] : await writeDataFiles(batches, options);
  return { files: written.map(({ file }) => file), rows, contentHash: hash.toString() };
}
