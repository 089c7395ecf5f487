import { columnIndex } from "../schema/schema.ts";
import type { Schema } from "../schema/schema.ts";
import { ColumnBuilder } from "./builder.ts";
import type { Column } from "./column.ts";
import { rowWriter } from "./row-writer.ts";
import type { RowWriter } from "./row-writer.ts";

/** Turns rows held as objects into the columns that are read: all are checked, those not wanted are left out. */
export class RowColumns {
  readonly #builders: readonly ColumnBuilder[];
  readonly #write: RowWriter;
  /** Columns that are read, by their place in the full schema. */
  readonly #wanted: readonly number[];

  constructor(schema: Schema, wanted: Schema) {
    this.#builders = schema.fields.map((field) => new ColumnBuilder(field.type));
    this.#write = rowWriter(schema);
    this.#wanted = wanted.fields.map(({ name }) => columnIndex(schema, name));
  }

  /** Adds a row. @throws DF_VALUE for one that does not fit its type */
  add(row: unknown): void {
    this.#write(row, this.#builders);
  }

  /** The columns of the rows added since the last call. */
  take(): Column[] {
    const all = this.#builders.map((builder) => builder.take());
    return this.#wanted.map((index) => all[index] as Column);
  }
}
