/** The rows of many batches as one run of arrays per column, in one piece of memory for another thread. */
import { columnIndex, DataflowError, isNull, layoutOf } from "@df/core";
import type { Batch, Column, Field, Schema, TextColumn } from "@df/core";

/** Bytes of text that one column of one file may hold: offsets are int32. */
const TEXT_BYTES_MAX = 2 ** 31 - 1;
/** Every array begins at a multiple of it. */
const ALIGNED_BYTES = 8;

/** The columns of a file, in the order of its schema. What lies behind their arrays is one piece of memory. */
export interface PackedRows {
  readonly rows: number;
  readonly columns: readonly Column[];
}

/** Gives a piece of memory of at least that many bytes; what is in it does not matter. */
export type MemoryOf = (sizeBytes: number) => ArrayBuffer;

/**
 * Copies the columns of `schema`, found by name, out of the batches.
 * @throws DF_NO_COLUMN; DF_PARQUET for a null in a column that is not nullable, or more than 2 GiB of text in one
 * column
 */
export function packRows(
  schema: Schema,
  batches: readonly Batch[],
  memoryOf: MemoryOf = (sizeBytes) => new ArrayBuffer(sizeBytes),
): PackedRows {
  const rows = batches.reduce((sum, batch) => sum + batch.length, 0);
  const plans = schema.fields.map((field) => {
    const parts = batches.map((batch) => ({
      column: batch.columns[columnIndex(batch.schema, field.name)] as Column,
      length: batch.length,
    }));
    return planOf(field, parts, rows);
  });
  const memory = new Memory(memoryOf(plans.reduce((sum, { bytes }) => sum + bytes, 0)));
  return { rows, columns: plans.map((plan) => packColumn(plan, rows, memory)) };
}

/** The memory behind packed rows, for a transfer. */
export function memoryBehind({ columns }: PackedRows): ArrayBuffer[] {
  const arrays = columns.map((column) => (column.layout === "text" ? column.starts : column.values));
  return [...new Set(arrays.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : [])))];
}

/** A part of a column: the first `length` rows. */
interface Part {
  readonly column: Column;
  readonly length: number;
}

/** What becomes of a column. */
interface Plan {
  readonly field: Field;
  readonly parts: readonly Part[];
  readonly hasNulls: boolean;
  /** Longs that are bigints somewhere. */
  readonly isWide: boolean;
  readonly textBytes: number;
  /** Of memory. */
  readonly bytes: number;
}

const VALUE_BYTES = { bool: 1, int: 4, double: 8, long: 8, text: 8 } as const;

function planOf(field: Field, parts: readonly Part[], rows: number): Plan {
  const layout = layoutOf(field.type);
  const hasNulls = findNulls(field, parts);
  const isWide = parts.some(
    ({ column }) => column.layout === "long" && column.values instanceof BigInt64Array,
  );
  const textBytes = layout === "text" ? textSize(field, parts) : 0;
  const places = layout === "text" ? 2 * aligned(rows * 4) : aligned(rows * VALUE_BYTES[layout]);
  const bytes = places + aligned(textBytes) + (hasNulls ? aligned(rows) : 0);
  return { field, parts, hasNulls, isWide, textBytes, bytes };
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNED_BYTES) * ALIGNED_BYTES;
}

/** Hands out parts of a piece of memory. */
class Memory {
  readonly #buffer: ArrayBuffer;
  #used = 0;

  constructor(buffer: ArrayBuffer) {
    this.#buffer = buffer;
  }

  bytes(length: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#take(length), length);
  }

  ints(length: number): Int32Array {
    return new Int32Array(this.#buffer, this.#take(length * 4), length);
  }

  doubles(length: number): Float64Array {
    return new Float64Array(this.#buffer, this.#take(length * 8), length);
  }

  bigints(length: number): BigInt64Array {
    return new BigInt64Array(this.#buffer, this.#take(length * 8), length);
  }

  #take(bytes: number): number {
    const start = this.#used;
    this.#used += aligned(bytes);
    return start;
  }
}

function packColumn(plan: Plan, rows: number, memory: Memory): Column {
  const { field, parts, isWide } = plan;
  const validity = plan.hasNulls ? packValidity(parts, memory.bytes(rows)) : undefined;
  switch (layoutOf(field.type)) {
    case "bool":
      return { layout: "bool", values: concat(memory.bytes(rows), parts), validity };
    case "int":
      return { layout: "int", values: concat(memory.ints(rows), parts), validity };
    case "double":
      return { layout: "double", values: concat(memory.doubles(rows), parts), validity };
    case "long":
      return {
        layout: "long",
        values: isWide ? packWide(memory.bigints(rows), parts) : concat(memory.doubles(rows), parts),
        validity,
      };
    case "text":
      return packText(plan, rows, memory, validity);
  }
}

/** Whether there are nulls. @throws DF_PARQUET where there may be none */
function findNulls(field: Field, parts: readonly Part[]): boolean {
  let at = 0;
  for (const { column, length } of parts) {
    const first = column.validity?.subarray(0, length).indexOf(0) ?? -1;
    if (first >= 0) {
      if (field.nullable) return true;
      throw new DataflowError(
        "DF_PARQUET",
        `Column "${field.name}" is not nullable but row ${at + first} of the file is null. Declare it .nullable().`,
      );
    }
    at += length;
  }
  return false;
}

function packValidity(parts: readonly Part[], into: Uint8Array): Uint8Array {
  let at = 0;
  for (const { column, length } of parts) {
    for (let row = 0; row < length; row++) into[at + row] = isNull(column, row) ? 0 : 1;
    at += length;
  }
  return into;
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

function packWide(into: BigInt64Array, parts: readonly Part[]): BigInt64Array {
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

/** Bytes of text in a column. @throws DF_PARQUET for too many */
function textSize(field: Field, parts: readonly Part[]): number {
  let size = 0;
  for (const { column, length } of parts) {
    if (column.layout !== "text") continue;
    const { starts, ends } = column;
    for (let row = 0; row < length; row++) size += (ends[row] as number) - (starts[row] as number);
  }
  if (size <= TEXT_BYTES_MAX) return size;
  throw new DataflowError(
    "DF_PARQUET",
    `Column "${field.name}" has ${size} bytes of text in one file, ${TEXT_BYTES_MAX} are possible. ` +
      "Let the sink commit more often: lower commitEvery.bytes.",
  );
}

function packText(
  { parts, textBytes }: Plan,
  rows: number,
  memory: Memory,
  validity: Uint8Array | undefined,
): TextColumn {
  const packed = { starts: memory.ints(rows), ends: memory.ints(rows), bytes: memory.bytes(textBytes) };
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
