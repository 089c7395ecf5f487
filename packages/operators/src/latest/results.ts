import {
  BATCH_ROWS_MAX,
  BEGINNING,
  ColumnBuilder,
  columnIndex,
  present,
  type Batch,
  type Shape,
  type StateTable,
} from "@df/core";
import { readColumn, type HeldColumn } from "./held-columns.ts";

const UPSERTS = new Int32Array(BATCH_ROWS_MAX).fill(1);
const NO_TIMES = new Float64Array(BATCH_ROWS_MAX).fill(BEGINNING);

/** Makes upserts of the rows that a table holds. */
export class Results {
  readonly #table: StateTable;
  readonly #output: Shape;
  readonly #columns: readonly HeldColumn[];
  readonly #builders: readonly ColumnBuilder[];
  /** Those of the group's columns. */
  readonly #keys: readonly ColumnBuilder[];

  constructor(table: StateTable, output: Shape, columns: readonly HeldColumn[]) {
    this.#table = table;
    this.#output = output;
    this.#columns = columns;
    const { schema, key } = output;
    this.#builders = schema.fields.map((field) => new ColumnBuilder(field.type));
    this.#keys = key.map((name) => present(this.#builders[columnIndex(schema, name)], name));
  }

  /** The rows with these ids, at these words; at most BATCH_ROWS_MAX. The next ones are written over them. */
  batch(ids: Int32Array, offsets: Int32Array, count: number): Batch {
    this.#table.copyKeys(ids, count, this.#keys);
    for (const column of this.#columns) {
      readColumn(
        this.#table,
        column,
        offsets,
        count,
        present(this.#builders[column.index], column.field.name),
      );
    }
    return {
      schema: this.#output.schema,
      length: count,
      columns: this.#builders.map((builder) => builder.lend()),
      change: "upsert",
      diffs: UPSERTS,
      times: NO_TIMES,
      clocks: BEGINNING,
    };
  }
}
