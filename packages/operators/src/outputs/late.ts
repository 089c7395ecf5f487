import {
  BEGINNING,
  clockAt,
  gatherRows,
  present,
  type Batch,
  type Column,
  type Field,
  type OperatorContext,
  type Schema,
} from "@df/core";

const LATE_BY: Field = { name: "lateBy", type: { kind: "float64" }, nullable: false, optional: false };

/** The schema of late rows: the input's, and in `lateBy` the milliseconds by which a row came too late. */
export function lateSchema(input: Schema): Schema {
  return { fields: [...input.fields, LATE_BY] };
}

/** Columns of the input that late rows are read for: the wanted ones, without `lateBy`. */
export function columnsOfLate(
  wanted: ReadonlySet<string> | undefined,
  input: Schema | undefined,
): readonly string[] {
  return (input?.fields ?? []).map(({ name }) => name).filter((name) => wanted?.has(name) === true);
}

/** Rows of a batch that are late: `late[0..lateCount)`. */
interface Late {
  readonly late: Int32Array;
  readonly lateCount: number;
}

/**
 * Counts rows of a batch as late, and makes them rows of the output at `port`, without event time. `lateBy` is how far
 * the row's clock had passed its event time, ms. Text is shared with the batch.
 */
export function lateRows(
  context: OperatorContext,
  port: number,
  batch: Batch,
  { late, lateCount: count }: Late,
): Batch {
  context.count("late", count);
  const { schema } = present(context.outputs[port], "the output of late rows");
  const gathered = gatherRows(batch, late, count);
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
