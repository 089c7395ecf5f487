import {
  BATCH_ROWS_MAX,
  BEGINNING,
  ColumnBuilder,
  present,
  type Batch,
  type Bring,
  type DescribedTable,
  type Schema,
} from "@df/core";
import { StoredKeys } from "@df/core/state/bring";
import { batchByName } from "../kept-rows/batch-by-name.ts";
import { readColumn, storedColumns, type HeldColumn } from "./held-columns.ts";
import type { LatestOptions } from "./latest.ts";
import { LatestRows } from "./rows.ts";

/** Rows that were kept with other columns come as if they came again: each to its group, with the columns of now. */
export function bringLatest(options: LatestOptions, schema: Schema): Bring {
  return (stored, into) => {
    const was = new StoredRows(stored);
    const rows = new LatestRows(options, schema, into.table);
    const offsets = new Int32Array(BATCH_ROWS_MAX);
    return (_pane, ids) => {
      rows.take(batchByName(was.of(ids), schema));
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
