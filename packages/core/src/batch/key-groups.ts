import type { Schema } from "../schema/schema.ts";
import { BATCH_ROWS_MAX, type Batch } from "./batch.ts";
import { CanonicalRows, ROWS_AT_ONCE } from "./canonical-rows.ts";
import { CanonicalCodec, keyGroupOf } from "./canonical.ts";
import { hashRows } from "./hash.ts";
import { writeIntegerGroups } from "./integer-groups.ts";

/** Of so many rows of a batch at least one is asked for: else they are taken one by one. */
const ROWS_PER_ASKED = 4;

/** The values of keys that are one whole number each, all of them safe integers and none of them null. */
function wholeNumbers({ schema, columns }: Batch): Float64Array | Int32Array | undefined {
  const [column] = columns;
  if (columns.length !== 1 || column === undefined || column.validity !== undefined) return undefined;
  switch (column.layout) {
    case "int":
      return column.values;
    case "long":
      return column.values instanceof Float64Array ? column.values : undefined;
    case "double":
      // A float64 lies as a timestamp does, and is written in another way.
      return schema.fields[0]?.type.kind === "timestamp" ? column.values : undefined;
    case "bool":
    case "text":
      return undefined;
  }
}

// What one call leaves here nobody reads after it: one of each serves all tables and exchanges of a thread.
const hashes: Int32Array = new Int32Array(ROWS_AT_ONCE * 4);
/** Of rows side by side, the first one first. */
const groups: Uint8Array = new Uint8Array(BATCH_ROWS_MAX);

/** The key groups of many rows at once: those that `CanonicalCodec.keyGroup` gives row by row. */
export class KeyGroups {
  readonly #codec: CanonicalCodec;
  readonly #rows: CanonicalRows;

  /** For keys of all columns of a schema. */
  constructor(schema: Schema) {
    this.#codec = new CanonicalCodec(schema);
    this.#rows = new CanonicalRows(schema);
  }

  /** Writes the key groups of rows `rows[0 .. count)`; `keys` has the columns of the schema and no others. */
  write(keys: Batch, rows: Int32Array, count: number, out: Uint8Array): void {
    let first = keys.length;
    let end = 0;
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number;
      if (row < first) first = row;
      if (row >= end) end = row + 1;
    }
    if (count * ROWS_PER_ASKED < end - first || !this.#writeAll({ ...keys, length: end }, first)) {
      for (let i = 0; i < count; i++) out[i] = this.#codec.keyGroup(keys, rows[i] as number);
      return;
    }
    for (let i = 0; i < count; i++) out[i] = groups[(rows[i] as number) - first] as number;
  }

  /** Takes the groups of all rows from `first` on; false where one can only be encoded by the codec. */
  #writeAll(keys: Batch, first: number): boolean {
    const values = wholeNumbers(keys);
    if (values !== undefined) {
      writeIntegerGroups(values, { first, end: keys.length }, groups);
      return true;
    }
    for (let row = first; row < keys.length;) {
      const count = this.#rows.encode(keys, row);
      if (count === 0) return false;
      hashRows(this.#rows, count, hashes);
      for (let i = 0; i < count; i++) groups[row - first + i] = keyGroupOf(hashes, i * 4);
      row += count;
    }
    return true;
  }
}
