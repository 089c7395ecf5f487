import type { Batch, Origin } from "./batch.ts";
import { ColumnBuilder } from "./builder.ts";
import type { Column, Validity } from "./column.ts";

/** The rows `rows[0..count)` of a batch, as a batch of their own. Text is shared, all else is copied. */
export function gatherRows(batch: Batch, rows: Int32Array, count: number): Batch {
  const { clocks, diffs } = batch;
  return {
    schema: batch.schema,
    length: count,
    columns: batch.columns.map((column) => gatherColumn(column, rows, count)),
    change: batch.change,
    diffs: diffs === undefined ? undefined : gathered(diffs, new Int32Array(count), rows),
    times: gathered(batch.times, new Float64Array(count), rows),
    clocks: typeof clocks === "number" ? clocks : gathered(clocks, new Float64Array(count), rows),
    origin: batch.origin === undefined ? undefined : gatherOrigin(batch.origin, rows, count),
  };
}

/** Some rows of a column, in the order of `rows`; a row may stand there twice. */
export function gatherColumn(column: Column, rows: Int32Array, count: number): Column {
  const validity: Validity | undefined =
    column.validity === undefined ? undefined : gathered(column.validity, new Uint8Array(count), rows);
  switch (column.layout) {
    case "bool":
      return { layout: "bool", values: gathered(column.values, new Uint8Array(count), rows), validity };
    case "int":
      return { layout: "int", values: gathered(column.values, new Int32Array(count), rows), validity };
    case "double":
      return { layout: "double", values: gathered(column.values, new Float64Array(count), rows), validity };
    case "long":
      return { layout: "long", values: gatherLongs(column.values, rows, count), validity };
    case "text":
      return {
        layout: "text",
        starts: gathered(column.starts, new Int32Array(count), rows),
        ends: gathered(column.ends, new Int32Array(count), rows),
        bytes: column.bytes,
        validity,
      };
  }
}

/** Rows of a wide column may all be narrow: the contract of long columns decides by their values. */
function gatherLongs(
  values: Float64Array | BigInt64Array,
  rows: Int32Array,
  count: number,
): Float64Array | BigInt64Array {
  if (values instanceof Float64Array) return gathered(values, new Float64Array(count), rows);
  const builder = new ColumnBuilder({ kind: "int64", as: "bigint" }, count);
  for (let i = 0; i < count; i++) builder.bigint(values[rows[i] as number] as bigint);
  const column = builder.take();
  return column.layout === "long" ? column.values : values;
}

function gatherOrigin(origin: Origin, rows: Int32Array, count: number): Origin {
  const { raw } = origin;
  return {
    source: origin.source,
    split: origin.split,
    positions: gathered(origin.positions, new Float64Array(count), rows),
    raw: raw && {
      starts: gathered(raw.starts, new Int32Array(count), rows),
      ends: gathered(raw.ends, new Int32Array(count), rows),
      bytes: raw.bytes,
    },
  };
}

function gathered<T extends Float64Array | Int32Array | Uint8Array>(from: T, into: T, rows: Int32Array): T {
  for (let i = 0; i < into.length; i++) into[i] = from[rows[i] as number] as number;
  return into;
}
