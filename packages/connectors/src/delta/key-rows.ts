/** Where keys lie in a table: for the index when it must be built again, and for commits when files have changed. */
import { columnIndex, DataflowError, gatherRows, pick } from "@df/core";
import type { Batch, IndexChanges, Shape } from "@df/core";
import { CanonicalCodec, ContentHash } from "@df/core/batch/canonical";
import { RowHasher } from "@df/core/batch/row-hasher";
import { rowReader } from "@df/core/batch/rows";
import type { ObjectStore } from "../object-store/object-store.ts";
import { IndexEntries } from "./index-entries.ts";
import { keyText } from "./location.ts";
import type { Snapshot } from "./snapshot.ts";
import { readFileRows } from "./table-rows.ts";

/** What reading a keyed table needs. */
export interface KeyedTable {
  readonly store: ObjectStore;
  readonly input: Shape;
  readonly partitionBy: readonly string[];
}

/** The columns of a shape's key. */
export function keyColumns(input: Shape): readonly number[] {
  return input.key.map((name) => columnIndex(input.schema, name));
}

/** Entries that are handed on at once: the more there are, the more of them lie side by side in the index. */
const ENTRIES_AT_ONCE = 262_144;

/**
 * All entries of a table's key index, in parts.
 * @throws DF_SINK_KEY when two rows have the same key
 */
export async function* indexEntries(table: KeyedTable, snapshot: Snapshot): AsyncGenerator<IndexChanges> {
  const { store, input, partitionBy } = table;
  const columns = keyColumns(input);
  const keyCodec = new CanonicalCodec(input.schema, columns);
  const hasher = new RowHasher(input.schema);
  const content = new ContentHash();
  const seen = new Set<string>();
  const entries = new IndexEntries(input, columns);
  let files = 0;
  for (const file of snapshot.files.values()) {
    for (const { batch, start, deleted } of await readFileRows(store, file, input.schema, partitionBy)) {
      for (let row = 0; row < batch.length; row++) {
        if (deleted[row] !== 0) continue;
        const text = keyText(keyCodec.encode(batch, row));
        if (seen.has(text)) throw twice(table, batch, row, file.path);
        seen.add(text);
      }
      for (const { part, row } of partsWithout(batch, deleted)) {
        hasher.add(part, content);
        entries.addRows(part, hasher.hashes(part), { file: files, row: start + row });
      }
      if (entries.length >= ENTRIES_AT_ONCE) yield entries.take();
    }
    entries.addFile(files++, file.path);
  }
  entries.addTable(content.toString(), files);
  yield entries.take();
}

/** The rows that are not deleted, those side by side together: `row` is the first one. */
function partsWithout(
  batch: Batch,
  deleted: Uint8Array,
): readonly { readonly part: Batch; readonly row: number }[] {
  const parts: { part: Batch; row: number }[] = [];
  for (let start = 0; start < batch.length;) {
    let end = start;
    while (end < batch.length && deleted[end] === 0) end++;
    const rows = Int32Array.from({ length: end - start }, (_, i) => start + i);
    if (end > start) parts.push({ part: gatherRows(batch, rows, rows.length), row: start });
    start = end + 1;
  }
  return parts;
}

function twice({ input }: KeyedTable, batch: Batch, row: number, path: string): DataflowError {
  return new DataflowError(
    "DF_SINK_KEY",
    `The table has two rows with the key ${rowText(batch, row, keyColumns(input))}, the second one in "${path}". ` +
      "A row can be replaced only where its key is there once: delete one of them.",
  );
}

/** Rows of keys in a table, per file, ascending. Reads the key columns of all files. */
export async function findKeys(
  { store, input, partitionBy }: KeyedTable,
  snapshot: Snapshot,
  keys: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const schema = pick(input.schema, input.key);
  const codec = new CanonicalCodec(schema);
  const found = new Map<string, number[]>();
  for (const file of snapshot.files.values()) {
    const rows: number[] = [];
    for (const { batch, start, deleted } of await readFileRows(store, file, schema, partitionBy)) {
      for (let row = 0; row < batch.length; row++) {
        if (deleted[row] === 0 && keys.has(keyText(codec.encode(batch, row)))) rows.push(start + row);
      }
    }
    if (rows.length > 0) found.set(file.path, rows);
  }
  return found;
}

/** Some columns of a row as a person reads them. */
export function rowText(batch: Batch, row: number, columns: readonly number[] | "all"): string {
  const values = rowReader(batch.schema, columns, false)(batch, row);
  return JSON.stringify(values, (_name, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}
