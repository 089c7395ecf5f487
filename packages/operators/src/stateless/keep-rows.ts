import { diffAt, gatherRows, type Batch, type OperatorContext, type Output } from "@df/core";
import { withDeletes } from "./stateless.ts";

/** A row's verdict. A refused row has its outcome already. */
export const DROP = 0;
export const KEEP = 1;
export const REFUSED = 2;

/**
 * Hands on the rows with the verdict KEEP, and counts passed and filtered. On an upsert stream a row that is dropped
 * becomes a delete of its key: an earlier row of the key may have been kept.
 */
export function keepRows(context: OperatorContext, batch: Batch, verdicts: Uint8Array, out: Output): void {
  const { length } = batch;
  const isUpsert = batch.change === "upsert";
  let kept = 0;
  let dropped = 0;
  const rows = new Int32Array(length);
  const isDeleted = new Uint8Array(length);
  let count = 0;
  for (let row = 0; row < length; row++) {
    const verdict = verdicts[row] as number;
    if (verdict === KEEP) {
      kept++;
      rows[count++] = row;
    } else if (verdict === DROP) {
      dropped++;
      if (isUpsert && diffAt(batch, row) > 0) {
        isDeleted[row] = 1;
        rows[count++] = row;
      }
    }
  }
  if (kept > 0) context.count("passed", kept);
  if (dropped > 0) context.count("filtered", dropped);
  if (count === 0) return;
  const marked =
    isUpsert && dropped > 0 ? withDeletes(batch, context.inputs[0]?.key ?? [], isDeleted) : batch;
  out(count === length ? marked : gatherRows(marked, rows, count));
}
