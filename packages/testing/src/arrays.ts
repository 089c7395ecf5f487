/** The destruction of batches that an operator may no longer read. */
import type { Batch } from "@df/core";

/** Overwrites everything, so that an operator that kept the batch reads nonsense. */
export function scramble(batch: Batch): void {
  for (const column of batch.columns) {
    column.validity?.fill(1);
    if (column.layout === "text") {
      column.bytes.fill(0x7e);
      column.starts.fill(0);
      column.ends.fill(column.bytes.length);
    } else if (column.values instanceof BigInt64Array) column.values.fill(-7777777777777777777n);
    else column.values.fill(column.layout === "bool" ? 1 : -77777777);
  }
  batch.diffs?.fill(77);
  batch.times.fill(Number.NaN);
  if (typeof batch.clocks !== "number") batch.clocks.fill(Number.NaN);
  batch.origin?.positions.fill(Number.NaN);
}
