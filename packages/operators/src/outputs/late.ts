import { BEGINNING, clockAt, gatherRows, type Batch, type Column, type Field, type Schema } from "@df/core";

const LATE_BY: Field = { name: "lateBy", type: { kind: "float64" }, nullable: false, optional: false };

/** The schema of late rows: the input's, and in `lateBy` the milliseconds by which a row came too late. */
export function lateSchema(input: Schema): Schema {
  return { fields: [...input.fields, LATE_BY] };
}

/**
 * The rows `rows[0..count)` of a batch as late rows, without event time. `lateBy` is how far the row's clock had passed
 * its event time, ms. Text is shared with the batch.
 */
export function lateRows(batch: Batch, rows: Int32Array, count: number, schema: Schema): Batch {
  const gathered = gatherRows(batch, rows, count);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = (clockAt(gathered, i) - (gathered.times[i] as number)) / 1000;
  const lateBy: Column = { layout: "double", values };
  return {
    schema,
    length: count,
    columns: [...gathered.columns, lateBy],
    change: batch.change,
    diffs: gathered.diffs,
    times: new Float64Array(count).fill(BEGINNING),
    clocks: BEGINNING,
  };
}
