import type { Batch, Shape } from "@df/core";
import type { ContentHash } from "@df/core/batch/canonical";
import { RowHasher } from "@df/core/batch/row-hasher";
import { changeSchema } from "./change-rows.ts";

/** Adds a batch to the content hash of a directory: it is asked for each of a stream, and for all rows made of it. */
export interface RowSum {
  /** The batch as the stream has it. */
  add(batch: Batch, sum: ContentHash): void;
  /** Rows as the files have them: see `changeRows`. */
  addWritten(rows: Batch, sum: ContentHash): void;
}

/**
 * What the content hash of a directory is made of.
 *
 * Append: the rows. Retract: the rows that are left once all changes are made, each as often as it stands there, so the
 * hash is the one that a table of these rows has. Upsert: the changes themselves, as rows with their column `op`; which
 * row a change takes the place of is not known without an index of all keys.
 */
export function rowSum(shape: Shape): RowSum {
  const isOfChanges = shape.change === "upsert";
  const hasher = new RowHasher(isOfChanges ? changeSchema(shape) : shape.schema);
  const add = (batch: Batch, sum: ContentHash): void => hasher.add(batch, sum);
  const none = (): void => {};
  return isOfChanges ? { add: none, addWritten: add } : { add, addWritten: none };
}
