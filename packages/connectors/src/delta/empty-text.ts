/** Delta cannot tell empty text from null in partition columns, so it becomes null before anything is hashed. */
import { columnIndex, DataflowError } from "@df/core";
import type { Batch, Column, Field, Schema } from "@df/core";

/**
 * The batch with null for empty text in its partition columns.
 * @throws DF_VALUE where such a column may not be null
 */
export function emptyTextAsNull(batch: Batch, schema: Schema, partitionBy: readonly string[]): Batch {
  let columns: Column[] | undefined;
  for (const name of partitionBy) {
    const index = columnIndex(schema, name);
    const column = batch.columns[index] as Column;
    const changed = withoutEmpty(column, batch.length);
    if (changed === column) continue;
    if (!(schema.fields[index] as Field).nullable) {
      throw new DataflowError(
        "DF_VALUE",
        `Partition column "${name}" has empty text, which a Delta table cannot tell from null, and null is not allowed there. ` +
          "Declare the column nullable, or write another value for it.",
      );
    }
    columns ??= [...batch.columns];
    columns[index] = changed;
  }
  return columns === undefined ? batch : { ...batch, columns };
}

function withoutEmpty(column: Column, length: number): Column {
  if (column.layout !== "text") return column;
  const { starts, ends } = column;
  let validity: Uint8Array | undefined;
  for (let row = 0; row < length; row++) {
    if (starts[row] !== ends[row] || column.validity?.[row] === 0) continue;
    validity ??=
      column.validity === undefined ? new Uint8Array(length).fill(1) : column.validity.slice(0, length);
    validity[row] = 0;
  }
  return validity === undefined ? column : { ...column, validity };
}
