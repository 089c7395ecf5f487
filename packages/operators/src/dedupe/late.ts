import { BEGINNING, clockAt, gatherRows, type Batch, type Column, type Field, type Schema } from "@df/core";

const LATE_BY: Field = { name: "lateBy", type: { kind: "float64" }, nullable: false, optional: false };

/** The schema of late rows: the input's, and in `lateBy` the milliseconds by which a row came too late. */
export function lateSchema(input: Schema): Schema {
  return { fields: [...input.fields, LATE_BY] };
}

/** The rows `rows[0..count)` of a batch as late rows, which have no event time any more. */
export function lateRows(batch: Batch, rows: Int32Array, count: number, schema: Schema): Batch {
  const late = gatherRows(batch, rows, count);
  const values = new Float64Array(count);
  const { clocks, times } = late;
  if (typeof clocks !== "number") {
    for (let i = 0; i < count; i++) values[i] = ((clocks[i] as number) - (times[i] as number)) / 1_000;
  }
  const lateBy: Column = { layout: "double", values };
  return {
    ...late,
    schema,
    columns: [...late.columns, lateBy],
    times: new Float64Array(count).fill(BEGINNING),
    clocks: BEGINNING,
    origin: undefined,
  };
}

/** Row numbers of a batch: those that are in time, and those that are late. */
export interface Split {
  readonly rows: Int32Array;
  readonly count: number;
  readonly late: Int32Array;
  readonly lateCount: number;
}

/** Parts the rows of a batch by their own clocks. */
export function splitLate(batch: Batch, allowedLatenessMicros: number): Split {
  const rows = new Int32Array(batch.length);
  const late = new Int32Array(batch.length);
  let count = 0;
  let lateCount = 0;
  for (let row = 0; row < batch.length; row++) {
    const time = batch.times[row] as number;
    if (time + allowedLatenessMicros <= clockAt(batch, row)) late[lateCount++] = row;
    else rows[count++] = row;
  }
  return { rows, count, late, lateCount };
}
