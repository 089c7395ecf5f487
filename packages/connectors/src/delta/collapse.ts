/** Rows of many epochs as what they come to: the last row per key. */
import { DataflowError, diffAt } from "@df/core";
import type { Batch, Shape } from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { emptyTextAsNull } from "./empty-text.ts";
import { keyColumns, rowText } from "./key-rows.ts";
import { keyText } from "./location.ts";

/** What becomes of a key. */
export interface KeyChange {
  /** Its row from now on; undefined where it is deleted. */
  readonly row: { readonly batch: number; readonly row: number } | undefined;
  /** Whether an older row was taken back: without that a retract stream must not meet one. */
  readonly replaces: boolean;
}

/** What is left of the changes of a delivery: one a key. */
export interface Collapsed {
  readonly batches: readonly Batch[];
  /** By canonical key bytes as text, in the order in which keys first came. */
  readonly changes: ReadonlyMap<string, KeyChange>;
}

/**
 * Collapses the rows of an upsert or retract stream. The batches are kept, not copied.
 * @throws DF_SINK_KEY when two rows of one key are left over
 */
export async function collapse(
  batches: AsyncIterable<Batch>,
  input: Shape,
  partitionBy: readonly string[],
): Promise<Collapsed> {
  const kept: Batch[] = [];
  for await (const batch of batches) kept.push(emptyTextAsNull(batch, input.schema, partitionBy));
  const changes = input.change === "retract" ? netPerKey(kept, input) : lastPerKey(kept, input);
  return { batches: kept, changes };
}

function lastPerKey(batches: readonly Batch[], input: Shape): Map<string, KeyChange> {
  const codec = new CanonicalCodec(input.schema, keyColumns(input));
  const changes = new Map<string, KeyChange>();
  for (const [index, batch] of batches.entries()) {
    for (let row = 0; row < batch.length; row++) {
      const isDelete = diffAt(batch, row) < 0;
      changes.set(keyText(codec.encode(batch, row)), {
        row: isDelete ? undefined : { batch: index, row },
        replaces: true,
      });
    }
  }
  return changes;
}

/** How often a row is there more or less than before. */
interface Net {
  count: number;
  readonly batch: number;
  readonly row: number;
}

function netPerKey(batches: readonly Batch[], input: Shape): Map<string, KeyChange> {
  const columns = keyColumns(input);
  const keyCodec = new CanonicalCodec(input.schema, columns);
  const rowCodec = new CanonicalCodec(input.schema);
  const nets = new Map<string, Map<string, Net>>();
  for (const [index, batch] of batches.entries()) {
    for (let row = 0; row < batch.length; row++) {
      const key = keyText(keyCodec.encode(batch, row));
      const rows = nets.get(key) ?? new Map<string, Net>();
      nets.set(key, rows);
      const text = keyText(rowCodec.encode(batch, row));
      const net = rows.get(text) ?? { count: 0, batch: index, row };
      net.count += diffAt(batch, row);
      rows.set(text, net);
    }
  }
  const changes = new Map<string, KeyChange>();
  for (const [key, rows] of nets) {
    const left = [...rows.values()].filter(({ count }) => count > 0);
    const replaces = [...rows.values()].some(({ count }) => count < 0);
    const first = left[0];
    if (first !== undefined && (left.length > 1 || first.count > 1))
      throw twoRows(batches, columns, first, left[1] ?? first);
    if (first !== undefined) changes.set(key, { row: first, replaces });
    else if (replaces) changes.set(key, { row: undefined, replaces });
  }
  return changes;
}

function twoRows(batches: readonly Batch[], columns: readonly number[], a: Net, b: Net): DataflowError {
  const text = (net: Net, of: readonly number[] | "all"): string =>
    rowText(batches[net.batch] as Batch, net.row, of);
  return new DataflowError(
    "DF_SINK_KEY",
    `Two rows of the key ${text(a, columns)} are left over: ${text(a, "all")} and ${text(b, "all")}. ` +
      "A keyed table holds one row per key: aggregate by the key before the sink, or give it more key columns.",
  );
}
