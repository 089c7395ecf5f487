import type { Batch } from "./batch.ts";
import type { Column, LongColumn, TextColumn } from "./column.ts";

/** The rows `start .. end)` of a batch. */
export interface Piece {
  readonly batch: Batch;
  readonly start: number;
  readonly end: number;
}

/** Flags of a block and of a column. */
export const HAS_DIFFS = 1;
export const EQUAL_TIMES = 2;
export const HAS_NULLS = 1;
export const WIDE = 2;

/** Bytes of a row of each layout, without its text and bits. */
const ROW_BYTES: Readonly<Record<Column["layout"], number>> = {
  bool: 0,
  int: 4,
  long: 8,
  double: 8,
  text: 4,
};

/** Upper bounds of the bytes of a block: `block` once, and `rows[i]` for each row of the batch. */
export function blockBytes(batch: Batch): { readonly block: number; readonly rows: Float64Array } {
  const rows = new Float64Array(batch.length);
  // Diffs and a time, and per column a bit for null and for bool: an eighth of a byte, rounded up in `block`.
  let fixed = 4 + 8;
  for (const column of batch.columns) {
    fixed += ROW_BYTES[column.layout] + 0.25;
    if (column.layout === "text") addTextBytes(rows, column);
  }
  for (let row = 0; row < rows.length; row++) rows[row] = Math.ceil((rows[row] as number) + fixed);
  return { block: 5 + batch.columns.length * 3, rows };
}

function addTextBytes(rows: Float64Array, column: TextColumn): void {
  for (let row = 0; row < rows.length; row++) {
    rows[row] = (rows[row] as number) + (column.ends[row] as number) - (column.starts[row] as number);
  }
}

/** Writes the rows of the pieces as one block at `at`; returns its end. */
export function writeBlock(frame: Uint8Array, at: number, pieces: readonly Piece[]): number {
  let rows = 0;
  for (const piece of pieces) rows += piece.end - piece.start;
  const hasDiffs = pieces.some(({ batch }) => batch.diffs !== undefined);
  const times = joined(pieces, rows, ({ batch }) => batch.times, new Float64Array(rows));
  const equal = allEqual(times);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  view.setUint32(at, rows, true);
  view.setUint8(at + 4, (hasDiffs ? HAS_DIFFS : 0) | (equal ? EQUAL_TIMES : 0));
  let end = at + 5;
  if (hasDiffs) {
    const diffs = joined(pieces, rows, ({ batch }) => batch.diffs, new Int32Array(rows).fill(1));
    end = writeArray(frame, end, diffs);
  }
  end = writeArray(frame, end, equal ? times.subarray(0, 1) : times);
  const columns = pieces[0]?.batch.columns.length ?? 0;
  for (let i = 0; i < columns; i++) {
    const parts = pieces.map(({ batch, start, end: to }) => ({
      column: batch.columns[i] as Column,
      start,
      end: to,
    }));
    end = writeColumn(frame, end, parts, rows);
  }
  return end;
}

interface Part {
  readonly column: Column;
  readonly start: number;
  readonly end: number;
}

function writeColumn(frame: Uint8Array, at: number, parts: readonly Part[], rows: number): number {
  const validity = joined(parts, rows, ({ column }) => column.validity, new Uint8Array(rows).fill(1));
  const hasNulls = validity.includes(0);
  const flagsAt = at;
  let end = at + 1;
  if (hasNulls) end = writeBits(frame, end, validity);
  let wide = 0;
  switch (parts[0]?.column.layout) {
    case "bool":
      end = writeBits(frame, end, joined(parts, rows, valuesOf, new Uint8Array(rows)));
      break;
    case "int":
      end = writeArray(frame, end, joined(parts, rows, valuesOf, new Int32Array(rows)));
      break;
    case "double":
      end = writeArray(frame, end, joined(parts, rows, valuesOf, new Float64Array(rows)));
      break;
    case "long": {
      const longs = joinedLongs(parts, rows);
      wide = longs instanceof BigInt64Array ? WIDE : 0;
      end = writeArray(frame, end, longs);
      break;
    }
    case "text":
      end = writeText(frame, end, parts, rows);
      break;
    case undefined:
  }
  frame[flagsAt] = (hasNulls ? HAS_NULLS : 0) | wide;
  return end;
}

function valuesOf({ column }: Part): Uint8Array | Int32Array | Float64Array | undefined {
  if (column.layout === "text" || column.values instanceof BigInt64Array) return undefined;
  return column.values;
}

/** The entries of all parts in one array; parts without an array keep what `into` holds. */
function joined<
  P extends { readonly start: number; readonly end: number },
  T extends Uint8Array | Int32Array | Float64Array,
>(
  parts: readonly P[],
  rows: number,
  arrayOf: (part: P) => Uint8Array | Int32Array | Float64Array | undefined,
  into: T,
): T {
  let to = rows;
  for (let i = parts.length - 1; i >= 0; i--) {
    const part = parts[i] as P;
    to -= part.end - part.start;
    const array = arrayOf(part);
    if (array !== undefined) into.set(array.subarray(part.start, part.end), to);
  }
  return into;
}

/** By the contract of long columns: a cut may have left only narrow values of a wide column. */
function joinedLongs(parts: readonly Part[], rows: number): Float64Array | BigInt64Array {
  if (parts.every(({ column, start, end }) => isNarrow((column as LongColumn).values, start, end))) {
    const numbers = new Float64Array(rows);
    forEachLong(parts, (value, row) => (numbers[row] = Number(value)));
    return numbers;
  }
  const bigints = new BigInt64Array(rows);
  forEachLong(parts, (value, row) => (bigints[row] = BigInt(value)));
  return bigints;
}

function isNarrow(values: Float64Array | BigInt64Array, start: number, end: number): boolean {
  if (values instanceof Float64Array) return true;
  for (let row = start; row < end; row++) {
    if (!Number.isSafeInteger(Number(values[row]))) return false;
  }
  return true;
}

function forEachLong(parts: readonly Part[], take: (value: number | bigint, row: number) => void): void {
  let to = 0;
  for (const { column, start, end } of parts) {
    const { values } = column as LongColumn;
    for (let row = start; row < end; row++) take(values[row] as number | bigint, to++);
  }
}

function writeText(frame: Uint8Array, at: number, parts: readonly Part[], rows: number): number {
  const ends = new Uint32Array(rows);
  const bytesAt = at + rows * 4;
  let to = bytesAt;
  let written = 0;
  for (const part of parts) {
    const { starts, ends: partEnds, bytes } = part.column as TextColumn;
    for (let row = part.start; row < part.end; row++) {
      const end = partEnds[row] as number;
      for (let from = starts[row] as number; from < end; from++) frame[to++] = bytes[from] as number;
      ends[written++] = to - bytesAt;
    }
  }
  writeArray(frame, at, ends);
  return to;
}

/** Copies an array's memory: as every platform that Node runs on here, the format is little-endian. */
function writeArray(
  frame: Uint8Array,
  at: number,
  array: Int32Array | Uint32Array | Float64Array | BigInt64Array,
): number {
  frame.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
  return at + array.byteLength;
}

function writeBits(frame: Uint8Array, at: number, values: Uint8Array): number {
  for (let row = 0; row < values.length; row++) {
    const byte = at + (row >> 3);
    if (values[row] !== 0) frame[byte] = (frame[byte] as number) | (1 << (row & 7));
  }
  return at + Math.ceil(values.length / 8);
}

function allEqual(values: Float64Array): boolean {
  for (let row = 1; row < values.length; row++) if (values[row] !== values[0]) return false;
  return true;
}
