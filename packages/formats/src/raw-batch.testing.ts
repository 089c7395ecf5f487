/** Columns and batches of raw values, for tests: what a lambda could not write is in them too. */
import { ColumnBuilder } from "@df/core";
import type { Batch, Column, ColumnType, Schema } from "@df/core";

/** Text as string or bytes, all else as the column stores it. */
export type RawCell = string | number | bigint | Uint8Array | null;

/** A column of raw values. */
export function rawColumn(type: ColumnType, cells: readonly RawCell[]): Column {
  const builder = new ColumnBuilder(type, 2);
  for (const cell of cells) {
    if (cell === null) builder.null();
    else if (typeof cell === "string") builder.string(cell);
    else if (typeof cell === "bigint") builder.bigint(cell);
    else if (typeof cell === "number") builder.number(cell);
    else builder.text(cell, 0, cell.length);
  }
  return builder.take();
}

/** A batch that appends rows of raw values; what a row lacks at its end is null. */
export function rawBatch(schema: Schema, rows: readonly (readonly RawCell[])[]): Batch {
  return {
    schema,
    length: rows.length,
    columns: schema.fields.map(({ type }, i) =>
      rawColumn(
        type,
        rows.map((row) => row[i] ?? null),
      ),
    ),
    change: "append",
    times: new Float64Array(rows.length),
    clocks: Number.NEGATIVE_INFINITY,
  };
}
