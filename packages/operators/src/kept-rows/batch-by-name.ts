import {
  columnIndex,
  ColumnBuilder,
  layoutOf,
  type Batch,
  type Column,
  type Field,
  type Schema,
} from "@df/core";

/**
 * The rows of a batch with other columns: one that they had not is null, one that is no more is gone, and a type may be
 * a wider one (`widens` in goes-on.ts).
 */
export function batchByName(batch: Batch, is: Schema): Batch {
  const { schema, length } = batch;
  const columns = is.fields.map((field) =>
    schema.fields.some(({ name }) => name === field.name)
      ? widened(batch.columns[columnIndex(schema, field.name)] as Column, field, length)
      : nulls(field, length),
  );
  return { ...batch, schema: is, columns };
}

function widened(column: Column, { type }: Field, length: number): Column {
  if (column.layout !== "int" || layoutOf(type) !== "long") return column;
  return { ...column, layout: "long", values: Float64Array.from(column.values.subarray(0, length)) };
}

function nulls({ type }: Field, length: number): Column {
  const builder = new ColumnBuilder(type, length);
  for (let row = 0; row < length; row++) builder.null();
  return builder.lend();
}
