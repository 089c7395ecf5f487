/** The rules that every batch keeps, as assertions. */
import {
  BATCH_ROWS_MAX,
  diffAt,
  isNull,
  layoutOf,
  type Batch,
  type Column,
  type Field,
  type Shape,
} from "@df/core";
import { failure } from "./failure.ts";

/** Throws when a batch breaks a rule of batch.ts, or is not of the shape that was promised. */
export function assertWellFormed(batch: Batch, shape: Shape): void {
  const { length } = batch;
  if (!Number.isInteger(length) || length < 1) failure(`a batch of ${length} rows; it has at least one`);
  if (length > BATCH_ROWS_MAX) failure(`a batch of ${length} rows; at most ${BATCH_ROWS_MAX} are allowed`);
  if (JSON.stringify(batch.schema) !== JSON.stringify(shape.schema)) {
    failure(
      `schema ${JSON.stringify(batch.schema)} where outputs() promised ${JSON.stringify(shape.schema)}`,
    );
  }
  if (batch.change !== shape.change) failure(`change "${batch.change}" where "${shape.change}" was promised`);
  if (batch.columns.length !== shape.schema.fields.length) failure(`${batch.columns.length} columns`);
  checkDiffs(batch);
  checkTimes(batch, shape);
  for (const [index, field] of shape.schema.fields.entries()) {
    const column = batch.columns[index];
    if (column === undefined) failure(`column "${field.name}" is missing`);
    checkColumn(column, field, length);
    checkNulls(batch, column, field, shape);
  }
}

function checkDiffs(batch: Batch): void {
  if ((batch.diffs === undefined) !== (batch.change === "append")) {
    failure(
      `diffs are ${batch.diffs === undefined ? "absent" : "present"} on a stream of change "${batch.change}"`,
    );
  }
  if (batch.diffs !== undefined && batch.diffs.length < batch.length) failure("fewer diffs than rows");
  for (let row = 0; row < batch.length; row++) {
    const diff = diffAt(batch, row);
    if (diff === 0 || (batch.change === "upsert" && Math.abs(diff) !== 1))
      failure(`diff ${diff} in row ${row}`);
  }
}

function checkTimes(batch: Batch, shape: Shape): void {
  const { times, clocks, origin, length } = batch;
  if (times.length < length) failure("fewer event times than rows");
  if (typeof clocks !== "number" && clocks.length < length) failure("fewer clocks than rows");
  if (typeof clocks === "number" && clocks !== Number.NEGATIVE_INFINITY)
    failure(`one clock ${clocks} for all rows`);
  if (origin !== undefined && origin.positions.length < length) failure("fewer positions than rows");
  for (let row = 0; row < length; row++) {
    const time = times[row] as number;
    if (shape.timed ? !Number.isFinite(time) : time !== Number.NEGATIVE_INFINITY) {
      failure(`event time ${time} in row ${row} of a stream ${shape.timed ? "with" : "without"} event time`);
    }
    if (typeof clocks !== "number" && Number.isNaN(clocks[row])) failure(`clock NaN in row ${row}`);
  }
}

function checkColumn(column: Column, field: Field, length: number): void {
  const { layout, validity } = column;
  if (layout !== layoutOf(field.type)) failure(`column "${field.name}" has layout ${layout}`);
  if (validity !== undefined && validity.length < length)
    failure(`column "${field.name}": validity is too short`);
  const entries =
    layout === "text" ? Math.min(column.starts.length, column.ends.length) : column.values.length;
  if (entries < length) failure(`column "${field.name}" has ${entries} entries for ${length} rows`);
  if (layout === "long") checkLongs(column.values, field, length);
  if (layout !== "text") return;
  for (let row = 0; row < length; row++) {
    const start = column.starts[row] as number;
    const end = column.ends[row] as number;
    if (start < 0 || end < start || end > column.bytes.length) {
      failure(
        `column "${field.name}" row ${row}: text from ${start} to ${end} of ${column.bytes.length} bytes`,
      );
    }
  }
}

/** A `Float64Array` exactly if all values are safe integers. */
function checkLongs(values: Float64Array | BigInt64Array, field: Field, length: number): void {
  if (values instanceof Float64Array) {
    for (let row = 0; row < length; row++) {
      if (!Number.isSafeInteger(values[row]))
        failure(`column "${field.name}": ${values[row]} is no safe integer`);
    }
    return;
  }
  for (let row = 0; row < length; row++) {
    const value = values[row] as bigint;
    if (value > 9007199254740991n || value < -9007199254740991n) return;
  }
  failure(`column "${field.name}" is a BigInt64Array although all of its values are safe integers`);
}

function checkNulls(batch: Batch, column: Column, field: Field, shape: Shape): void {
  const isKey = shape.key.includes(field.name);
  for (let row = 0; row < batch.length; row++) {
    const isDelete = batch.change === "upsert" && diffAt(batch, row) < 0;
    if (!isNull(column, row)) {
      if (isDelete && !isKey)
        failure(`a delete carries a value in "${field.name}"; it has its key columns only`);
      continue;
    }
    if (!field.nullable && !(isDelete && !isKey)) failure(`null in "${field.name}", which is not nullable`);
    const isEmpty =
      column.layout === "text"
        ? column.starts[row] === column.ends[row]
        : Number(column.values[row] as number | bigint) === 0;
    if (!isEmpty) failure(`the slot of a null in "${field.name}" is not 0`);
  }
}
