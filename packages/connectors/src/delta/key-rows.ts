/** Where keys lie in a table: for the index when it must be built again, and for commits when files have changed. */
import { columnIndex, DataflowError, pick } from "@df/core";
import type { Batch, IndexChange, Shape } from "@df/core";
import { CanonicalCodec, ContentHash, rowHash } from "@df/core/batch/canonical";
import { rowReader } from "@df/core/batch/rows";
import type { ObjectStore } from "../object-store/object-store.ts";
import { CONTENT_KEY, encodeLocation, keyText } from "./location.ts";
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

/**
 * All entries of a table's key index, a batch at a time, and at last the content hash under `CONTENT_KEY`.
 * @throws DF_SINK_KEY when two rows have the same key
 */
export async function* indexEntries(
  table: KeyedTable,
  snapshot: Snapshot,
): AsyncGenerator<readonly IndexChange[]> {
  const { store, input, partitionBy } = table;
  const columns = keyColumns(input);
  const keyCodec = new CanonicalCodec(input.schema, columns);
  const rowCodec = new CanonicalCodec(input.schema);
  const content = new ContentHash();
  const seen = new Set<string>();
  for (const file of snapshot.files.values()) {
    for (const { batch, start, deleted } of await readFileRows(store, file, input.schema, partitionBy)) {
      const entries: IndexChange[] = [];
      for (let row = 0; row < batch.length; row++) {
        if (deleted[row] !== 0) continue;
        const key = keyCodec.encode(batch, row).slice();
        const text = keyText(key);
        if (seen.has(text)) throw twice(table, batch, row, file.path);
        seen.add(text);
        const hash = rowHash(rowCodec.encode(batch, row));
        content.addHash(hash);
        entries.push({ key, value: encodeLocation({ path: file.path, row: start + row, hash }) });
      }
      yield entries;
    }
  }
  yield [{ key: CONTENT_KEY, value: Buffer.from(content.toString()) }];
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
