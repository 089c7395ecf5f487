/** Rows as plain objects: what lambdas read and return, and what tests and in-memory sources hold. */
import { DataflowError } from "../error.ts";
import { columnIndex } from "../schema/schema.ts";
import type { Schema } from "../schema/schema.ts";
import { BEGINNING } from "../time.ts";
import { BATCH_ROWS_MAX } from "./batch.ts";
import type { Batch, ChangeMode } from "./batch.ts";
import { ColumnBuilder } from "./builder.ts";
import type { Column } from "./column.ts";
import { rowReader } from "./row-reader.ts";
import { rowWriter, type RowWriter } from "./row-writer.ts";

export { compileRowLoop, type LoopLambda } from "./row-loop.ts";
export { compileRowMapper, type RowMapper } from "./row-mapper.ts";
export { cellReader, rowReader } from "./row-reader.ts";
export type { CellReader, RowReader } from "./row-reader.ts";
export { cellWriter, rowWriter } from "./row-writer.ts";
export type { CellWriter, RowWriter } from "./row-writer.ts";

/** Fewer rows are written sooner than code for them is made. */
const GENERATED_ROWS_MIN = 256;

/** What a batch of plain objects has beside its rows. */
export interface BatchOptions {
  /** Default "append". */
  readonly change?: ChangeMode | undefined;
  /** One a row. Default: none. */
  readonly diffs?: readonly number[] | undefined;
  /** The timestamp column with the event time, or µs, one a row. Default: −∞, no event time. */
  readonly times?: string | readonly number[] | undefined;
  /** µs, one number or one a row. Default: −∞. */
  readonly clocks?: number | readonly number[] | undefined;
}

/**
 * A batch of plain objects, by the rules of `rowWriter`. A delete of an upsert stream needs its key columns only.
 * @throws DF_VALUE for a value no column holds, for no rows or more than `BATCH_ROWS_MAX`, for options of other lengths
 */
export function batchOf(schema: Schema, rows: readonly object[], options: BatchOptions = {}): Batch {
  const { change = "append", clocks = BEGINNING } = options;
  if (rows.length === 0 || rows.length > BATCH_ROWS_MAX) {
    throw new DataflowError("DF_VALUE", `A batch has 1 to ${BATCH_ROWS_MAX} rows, not ${rows.length}.`);
  }
  const builders = schema.fields.map((field) => new ColumnBuilder(field.type, rows.length));
  const generates = rows.length >= GENERATED_ROWS_MIN;
  const write = rowWriter(schema, generates);
  let writeDelete: RowWriter | undefined;
  for (const [i, row] of rows.entries()) {
    if (change !== "upsert" || (options.diffs?.[i] ?? 1) >= 0) write(row, builders);
    else (writeDelete ??= rowWriter(nullable(schema), generates))(row, builders);
  }
  const columns = builders.map((builder) => builder.take());
  return {
    schema,
    length: rows.length,
    columns,
    change,
    diffs: options.diffs && Int32Array.from(perRow(options.diffs, rows.length, "diffs")),
    times: timesOf(schema, columns, options.times, rows.length),
    clocks: typeof clocks === "number" ? clocks : Float64Array.from(perRow(clocks, rows.length, "clocks")),
  };
}

/** The same columns, none of them required. */
function nullable({ fields }: Schema): Schema {
  return { fields: fields.map((field) => ({ ...field, nullable: true })) };
}

/** The rows of a batch as plain objects, in their order. */
export function rowsOf(batch: Batch): Record<string, unknown>[] {
  const read = rowReader(batch.schema, "all", false);
  return Array.from({ length: batch.length }, (_, row) => read(batch, row));
}

function timesOf(
  schema: Schema,
  columns: readonly Column[],
  times: string | readonly number[] | undefined,
  length: number,
): Float64Array {
  if (times === undefined) return new Float64Array(length).fill(BEGINNING);
  if (typeof times !== "string") return Float64Array.from(perRow(times, length, "times"));
  const index = columnIndex(schema, times);
  const column = columns[index];
  if (schema.fields[index]?.type.kind !== "timestamp" || column?.layout !== "double") {
    throw new DataflowError("DF_VALUE", `Column "${times}" is no timestamp, so it cannot be the event time.`);
  }
  const { values, validity } = column;
  return Float64Array.from({ length }, (_, row) =>
    validity?.[row] === 0 ? BEGINNING : (values[row] as number),
  );
}

function perRow(values: readonly number[], length: number, what: string): readonly number[] {
  if (values.length === length) return values;
  throw new DataflowError("DF_VALUE", `There are ${values.length} ${what} for ${length} rows.`);
}
