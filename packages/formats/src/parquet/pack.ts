/** The rows of many batches as one run of arrays per column, which another thread can be given without a copy. */
import { columnIndex, DataflowError, isNull, layoutOf } from "@df/core";
import type { Batch, Column, Field, Schema, TextColumn } from "@df/core";

/** Bytes of text that one column of one file may hold: offsets are int32. */
const TEXT_BYTES_MAX = 2 ** 31 - 1;

/** The columns of a file, in the order of its schema, with arrays of their own. */
export interface PackedRows {
  readonly rows: number;
  readonly columns: readonly Column[];
}

/**
 * Copies the columns of `schema`, found by name, out of the batches.
 * @throws DF_NO_COLUMN; DF_PARQUET for a null in a column that is not nullable, or more than 2 GiB of text in one
 * column
 */
export function packRows(schema: Schema, batches: readonly Batch[]): PackedRows {
  const rows = batches.reduce((sum, batch) => sum + batch.length, 0);
  const columns = schema.fields.map((field) => {
    const parts = batches.map((batch) => ({
      column: batch.columns[columnIndex(batch.schema, field.name)] as Column,
      length: batch.length,
    }));
    return packColumn(field, parts, rows);
  });
  return { rows, columns };
}

/** The buffers of packed rows, for a transfer. */
export function buffersOf(packed: PackedRows): ArrayBuffer[] {
  const arrays = packed.columns.flatMap((column) => [
    ...(column.layout === "text" ? [column.starts, column.ends, column.bytes] : [column.values]),
    ...(column.validity === undefined ? [] : [column.validity]),
  ]);
  return arrays.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : []));
}

/** A part of a column: the first `length` rows. */
interface Part {
  readonly column: Column;
  readonly length: number;
}

function packColumn(field: Field, parts: readonly Part[], rows: number): Column {
  const validity = packValidity(field, parts, rows);
  switch (layoutOf(field.type)) {
    case "bool":
      return { layout: "bool", values: concat(new Uint8Array(rows), parts), validity };
    case "int":
      return { layout: "int", values: concat(new Int32Array(rows), parts), validity };
    case "double":
      return { layout: "double", values: concat(new Float64Array(rows), parts), validity };
    case "long":
      return { layout: "long", values: packLongs(parts, rows), validity };
    case "text":
      return packText(field, parts, rows, validity);
  }
}

function packValidity(field: Field, parts: readonly Part[], rows: number): Uint8Array | undefined {
  let validity: Uint8Array | undefined;
  let at = 0;
  for (const { column, length } of parts) {
    for (let row = 0; row < length; row++) {
      if (!isNull(column, row)) continue;
      if (!field.nullable) {
        throw new DataflowError(
          "DF_PARQUET",
          `Column "${field.name}" is not nullable but row ${at + row} of the file is null. Declare it .nullable().`,
        );
      }
      validity ??= new Uint8Array(rows).fill(1);
      validity[at + row] = 0;
    }
    at += length;
  }
  return validity;
}

function concat<T extends Float64Array | Int32Array | Uint8Array>(into: T, parts: readonly Part[]): T {
  let at = 0;
  for (const { column, length } of parts) {
    if (column.layout === "text" || column.values instanceof BigInt64Array) continue;
    into.set(column.values.subarray(0, length), at);
    at += length;
  }
  return into;
}

function packLongs(parts: readonly Part[], rows: number): Float64Array | BigInt64Array {
  const isWide = parts.some(
    ({ column }) => column.layout === "long" && column.values instanceof BigInt64Array,
  );
  if (!isWide) return concat(new Float64Array(rows), parts);
  const into = new BigInt64Array(rows);
  let at = 0;
  for (const { column, length } of parts) {
    if (column.layout !== "long") continue;
    const { values } = column;
    if (values instanceof BigInt64Array) into.set(values.subarray(0, length), at);
    else for (let row = 0; row < length; row++) into[at + row] = BigInt(values[row] as number);
    at += length;
  }
  return into;
}

function packText(
  field: Field,
  parts: readonly Part[],
  rows: number,
  validity: Uint8Array | undefined,
): TextColumn {
  let size = 0;
  for (const { column, length } of parts) {
    if (column.layout !== "text") continue;
    const { starts, ends } = column;
    for (let row = 0; row < length; row++) size += (ends[row] as number) - (starts[row] as number);
  }
  if (size > TEXT_BYTES_MAX) {
    throw new DataflowError(
      "DF_PARQUET",
      `Column "${field.name}" has ${size} bytes of text in one file, ${TEXT_BYTES_MAX} are possible. ` +
        "Let the sink commit more often: lower commitEvery.bytes.",
    );
  }
  const packed = {
    starts: new Int32Array(rows),
    ends: new Int32Array(rows),
    bytes: new Uint8Array(size),
  };
  let row = 0;
  let used = 0;
  for (const part of parts) {
    used = copyText(part, packed, row, used);
    row += part.length;
  }
  return { layout: "text", ...packed, validity };
}

/** Copies slices; neighbours that touch, as most do, are copied in one piece. Returns the bytes used so far. */
function copyText(
  { column, length }: Part,
  into: Omit<TextColumn, "layout">,
  rowAt: number,
  byteAt: number,
): number {
  if (column.layout !== "text") return byteAt;
  const { starts, ends, bytes } = column;
  let used = byteAt;
  let runStart = 0;
  let runEnd = 0;
  let runAt = byteAt;
  for (let row = 0; row < length; row++) {
    const start = starts[row] as number;
    const end = ends[row] as number;
    if (start !== runEnd) {
      into.bytes.set(bytes.subarray(runStart, runEnd), runAt);
      runStart = start;
      runAt = used;
    }
    runEnd = end;
    into.starts[rowAt + row] = used;
    used += end - start;
    into.ends[rowAt + row] = used;
  }
  into.bytes.set(bytes.subarray(runStart, runEnd), runAt);
  return used;
}
