import {
  BATCH_ROWS_MAX,
  BEGINNING,
  ColumnBuilder,
  columnIndex,
  gatherRows,
  present,
  type Batch,
  type Bring,
  type DescribedTable,
  type Schema,
} from "@df/core";
import { type Change, fixedKey } from "../kept-rows/by-function.ts";
import { RowsHere, StoredKeys } from "@df/core/state/bring";
import { readColumn, storedColumns, type HeldColumn } from "./held-columns.ts";
import type { LatestOptions } from "./latest.ts";
import { LatestRows } from "./rows.ts";

/**
 * Rows that were kept with other columns come as if they came again, each to its group; `change` makes them rows of
 * `schema`.
 */
export function bringLatest(options: LatestOptions, schema: Schema, change: Change): Bring {
  return (stored, into) => {
    const fixed = fixedKey(stored.spec.key, into.spec.key);
    const was = new StoredRows(stored);
    const here = new RowsHere(into);
    const rows = new LatestRows(options, schema, into.table);
    const group = options.group.map((name) => columnIndex(schema, name));
    const offsets = new Int32Array(BATCH_ROWS_MAX);
    return (_pane, ids) => {
      const batch = change(was.of(ids), fixed);
      const own = here.of(batch, group);
      if (own.length === 0) return;
      rows.take(own.length === batch.length ? batch : gatherRows(batch, own, own.length));
      rows.shown(rows.changed(), offsets);
    };
  };
}

/** The rows of a stored table as batches. */
class StoredRows {
  readonly #stored: DescribedTable;
  readonly #keys: StoredKeys;
  readonly #columns: readonly HeldColumn[];
  readonly #builders: readonly ColumnBuilder[];
  readonly #offsets: Int32Array = new Int32Array(BATCH_ROWS_MAX);

  constructor(stored: DescribedTable) {
    this.#stored = stored;
    this.#keys = new StoredKeys(stored);
    this.#columns = storedColumns(stored);
    this.#builders = this.#columns.map(({ field }) => new ColumnBuilder(field.type));
  }

  /** A row for each id; the next ones are written over them. */
  of(ids: Int32Array): Batch {
    const keys = this.#keys.of(ids);
    const { table } = this.#stored;
    table.offsets(ids, ids.length, this.#offsets);
    const held = this.#columns.map((column, index) => {
      const builder = present(this.#builders[index], "a builder");
      readColumn(table, column, this.#offsets, ids.length, builder);
      return builder.lend();
    });
    return {
      ...keys,
      schema: { fields: [...keys.schema.fields, ...this.#columns.map(({ field }) => field)] },
      columns: [...keys.columns, ...held],
      clocks: BEGINNING,
    };
  }
}
