import type { Schema } from "../schema/schema.ts";
import type { Batch } from "./batch.ts";
import type { StringList } from "./byte-strings.ts";
import { CanonicalRows } from "./canonical-rows.ts";
import { CanonicalCodec } from "./canonical.ts";
import type { Column } from "./column.ts";

/** Appends the canonical bytes of some columns, see `CanonicalCodec`, of whole batches: a string a row. */
export class CanonicalStrings {
  readonly #schema: Schema;
  readonly #columns: readonly number[];
  readonly #rows: CanonicalRows;
  readonly #codec: CanonicalCodec;

  /** For the columns of a schema at the indexes `columns`, in that order. */
  constructor(schema: Schema, columns: readonly number[]) {
    this.#columns = columns;
    this.#schema = { fields: columns.flatMap((index) => schema.fields[index] ?? []) };
    this.#rows = new CanonicalRows(this.#schema);
    this.#codec = new CanonicalCodec(this.#schema);
  }

  /** Appends a string for each row of the batch. */
  add(batch: Batch, list: StringList): void {
    const columns = this.#columns.map((index) => batch.columns[index] as Column);
    const some = { ...batch, schema: this.#schema, columns };
    for (let row = 0; row < some.length;) {
      const count = this.#rows.encode(some, row);
      if (count === 0) {
        const bytes = this.#codec.encode(some, row);
        list.add(bytes, 0, bytes.length);
        row++;
        continue;
      }
      const { view, starts, ends } = this.#rows;
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      for (let i = 0; i < count; i++) list.add(bytes, starts[i] as number, ends[i] as number);
      row += count;
    }
  }
}
