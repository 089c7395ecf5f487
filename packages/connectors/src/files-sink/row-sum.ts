import type { Batch, Shape } from "@df/core";
import type { ContentHash } from "@df/core/batch/canonical";
import { RowHasher } from "@df/core/batch/row-hasher";
import { changeRows, changeSchema } from "./change-rows.ts";

/**
 * Adds rows to the content hash of a directory.
 *
 * Append: the rows. Retract: the rows that are left once all changes are made, each as often as it stands there, so the
 * hash is the one that a table of these rows has. Upsert: the changes themselves, as rows with their column `op`; which
 * row a change takes the place of is not known without an index of all keys.
 */
export function rowSum(shape: Shape): (batch: Batch, sum: ContentHash) => void {
  if (shape.change !== "upsert") {
    const hasher = new RowHasher(shape.schema);
    return (batch, sum) => hasher.add(batch, sum);
  }
  const hasher = new RowHasher(changeSchema(shape));
  const changes = changeRows(shape);
  return (batch, sum) => {
    for (const rows of changes(batch)) hasher.add({ ...rows, diffs: undefined }, sum);
  };
}
