/** Changes as rows of their own: what a stream with updates leaves in files that are only added to. */
import { BATCH_ROWS_MAX, diffAt, gatherRows } from "@df/core";
import type { Batch, Column, Field, Schema, Shape, TextColumn } from "@df/core";

const OP: Field = { name: "op", type: { kind: "string" }, nullable: false, optional: false };
const OPS: Uint8Array = new TextEncoder().encode("+-");
/** The `op` of rows that are all added. */
const ADDED: TextColumn = {
  layout: "text",
  starts: new Int32Array(BATCH_ROWS_MAX),
  ends: new Int32Array(BATCH_ROWS_MAX).fill(1),
  bytes: OPS,
};

/** The columns of the files: those of the stream; for streams with updates `op` first. */
export function changeSchema({ schema, change, key }: Shape): Schema {
  if (change === "append") return schema;
  // A delete of an upsert stream has its key only.
  const fields = schema.fields.map((field) =>
    change === "upsert" && !key.includes(field.name) ? { ...field, nullable: true } : field,
  );
  return { fields: [OP, ...fields] };
}

/**
 * Makes of a stream's batches the rows of its files, which are only added: of streams that append they are the same.
 */
export function changeRows(shape: Shape): (batch: Batch) => Iterable<Batch> {
  if (shape.change === "append") return (batch) => [batch];
  const schema = changeSchema(shape);
  const isKey = shape.schema.fields.map(({ name }) => shape.key.includes(name));
  if (shape.change === "upsert") return (batch) => [withOp(schema, upserts(batch, isKey))];
  return (batch) => retractions(schema, batch);
}

/** Equal rows given or taken back together are one line each. */
function* retractions(schema: Schema, batch: Batch): Generator<Batch> {
  if (batch.diffs?.every((diff) => diff === 1 || diff === -1) === true) {
    yield withOp(schema, batch);
    return;
  }
  const rows = new Int32Array(BATCH_ROWS_MAX);
  let count = 0;
  for (let row = 0; row < batch.length; row++) {
    for (let left = Math.abs(diffAt(batch, row)); left > 0; left--) {
      rows[count++] = row;
      if (count < BATCH_ROWS_MAX) continue;
      yield withOp(schema, gatherRows(batch, rows, count));
      count = 0;
    }
  }
  if (count > 0) yield withOp(schema, gatherRows(batch, rows, count));
}

/** The batch with nulls in all columns of a delete that are no key. */
function upserts(batch: Batch, isKey: readonly boolean[]): Batch {
  const { diffs, length } = batch;
  if (diffs === undefined || isAllAdded(batch)) return batch;
  const columns = batch.columns.map((column, i): Column => {
    if (isKey[i] === true) return column;
    const validity = new Uint8Array(length);
    for (let row = 0; row < length; row++) {
      validity[row] = (diffs[row] as number) > 0 ? (column.validity?.[row] ?? 1) : 0;
    }
    return { ...column, validity };
  });
  return { ...batch, columns };
}

function withOp(schema: Schema, batch: Batch): Batch {
  const op = isAllAdded(batch) ? ADDED : opOf(batch);
  return { ...batch, schema, change: "append", diffs: undefined, columns: [op, ...batch.columns] };
}

function isAllAdded({ diffs, length }: Batch): boolean {
  if (diffs === undefined) return true;
  for (let row = 0; row < length; row++) if ((diffs[row] as number) <= 0) return false;
  return true;
}

function opOf(batch: Batch): TextColumn {
  const starts = new Int32Array(batch.length);
  const ends = new Int32Array(batch.length);
  for (let row = 0; row < batch.length; row++) {
    starts[row] = diffAt(batch, row) > 0 ? 0 : 1;
    ends[row] = (starts[row] as number) + 1;
  }
  return { layout: "text", starts, ends, bytes: OPS };
}
