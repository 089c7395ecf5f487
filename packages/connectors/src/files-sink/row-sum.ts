import { diffAt } from "@df/core";
import type { Batch, Shape } from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import type { ContentHash } from "@df/core/batch/canonical";
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
    const codec = new CanonicalCodec(shape.schema);
    return (batch, sum) => {
      for (let row = 0; row < batch.length; row++) sum.add(codec.encode(batch, row), diffAt(batch, row));
    };
  }
  const codec = new CanonicalCodec(changeSchema(shape));
  const changes = changeRows(shape);
  return (batch, sum) => {
    for (const rows of changes(batch)) {
      for (let row = 0; row < rows.length; row++) sum.add(codec.encode(rows, row));
    }
  };
}
