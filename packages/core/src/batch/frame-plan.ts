/** What a block of a frame will hold, and how many bytes it takes: found out before it is written. */
import type { Batch } from "./batch.ts";
import type { Column, LongColumn } from "./column.ts";
import { aligned, bitBytes, HEAD_BYTES } from "./frame-block.ts";
import { aboveBytes, planDoubles, planInts, type Above } from "./frame-numbers.ts";
import { textBytes } from "./text-copy.ts";

/** The rows `start .. end)` of a batch. */
export interface Piece {
  readonly batch: Batch;
  readonly start: number;
  readonly end: number;
}

/** Rows that become one batch again. */
export interface BlockPlan {
  readonly pieces: readonly Piece[];
  readonly rows: number;
  readonly hasDiffs: boolean;
  /** How diffs and times are written; undefined as they are. */
  readonly diffs: Above | undefined;
  readonly times: Above | undefined;
  readonly hasEqualTimes: boolean;
  readonly columns: readonly ColumnPlan[];
  readonly bytes: number;
}

/** A column of a block. */
export interface ColumnPlan {
  readonly layout: Column["layout"];
  readonly parts: readonly Part<Column>[];
  readonly hasNulls: boolean;
  /** Of a long column: whether a value is beyond 2^53. A cut may have left only others of a wide one. */
  readonly isWide: boolean;
  /** How numbers are written; undefined as they are. */
  readonly above: Above | undefined;
  /** 0 but for text. */
  readonly textBytes: number;
}

/** The rows `start .. end)` of an array, or of a column. */
export interface Part<T> {
  readonly of: T;
  readonly start: number;
  readonly end: number;
}

/** Bytes of a value of each layout, without its text; of a bool in a bitmap. */
const VALUE_BYTES: Readonly<Record<Column["layout"], number>> = {
  bool: 0.125,
  int: 4,
  long: 8,
  double: 8,
  text: 4,
};

/** Looks through the rows of a block. */
export function planBlock(pieces: readonly Piece[]): BlockPlan {
  const rows = pieces.reduce((sum, { start, end }) => sum + end - start, 0);
  const hasDiffs = pieces.some(({ batch }) => batch.diffs !== undefined);
  const hasEqualTimes = areTimesEqual(pieces);
  const diffs = hasDiffs ? planInts(diffParts(pieces), rows) : undefined;
  const times = hasEqualTimes ? undefined : planDoubles(timeParts(pieces), rows);
  const columns = (pieces[0]?.batch.columns ?? []).map(({ layout }, i) =>
    planColumn(
      layout,
      pieces.map(({ batch, start, end }) => ({ of: batch.columns[i] as Column, start, end })),
      rows,
    ),
  );
  let bytes = HEAD_BYTES;
  if (hasDiffs) bytes += diffs === undefined ? aligned(rows * 4) : aboveBytes(rows, diffs);
  if (times !== undefined) bytes += aboveBytes(rows, times);
  else bytes += hasEqualTimes ? 8 : rows * 8;
  for (const column of columns) bytes += columnBytes(column, rows);
  return { pieces, rows, hasDiffs, diffs, hasEqualTimes, times, columns, bytes };
}

/** The times of pieces. */
export function timeParts(pieces: readonly Piece[]): Part<Float64Array>[] {
  return pieces.map(({ batch, start, end }) => ({ of: batch.times, start, end }));
}

/** The diffs of pieces; 1 where they have none. */
export function diffParts(pieces: readonly Piece[]): Part<Int32Array>[] {
  return pieces.map(({ batch: { diffs }, start, end }) =>
    diffs === undefined
      ? { of: new Int32Array(end - start).fill(1), start: 0, end: end - start }
      : { of: diffs, start, end },
  );
}

/** Bytes of a block without rows, and all that brings its parts to multiples of eight: an upper bound. */
export function emptyBlockBytes({ columns }: Batch): number {
  return HEAD_BYTES + 2 * 8 + columns.length * (HEAD_BYTES + 3 * 8 + 4);
}

/** Bytes that rows add to a block: an upper bound. */
export function rowBytes({ batch, start, end }: Piece): number {
  let bytes = (end - start) * (4 + 8);
  for (const column of batch.columns) {
    // An eighth for the null.
    bytes += (end - start) * (VALUE_BYTES[column.layout] + 0.125);
    if (column.layout === "text") bytes += textBytes(column, start, end);
  }
  return Math.ceil(bytes);
}

function planColumn(layout: Column["layout"], parts: readonly Part<Column>[], rows: number): ColumnPlan {
  let text = 0;
  let hasNulls = false;
  let isWide = false;
  for (const { of: column, start, end } of parts) {
    hasNulls ||= column.validity?.subarray(start, end).includes(0) === true;
    if (column.layout === "long") isWide ||= hasWide(column, start, end);
    if (column.layout === "text") text += textBytes(column, start, end);
  }
  const numbers = doubleParts(parts);
  const above = numbers === undefined ? undefined : planDoubles(numbers, rows);
  return { layout, parts, hasNulls, isWide, above, textBytes: text };
}

/** The values of parts that have doubles for them; undefined where one has not. */
export function doubleParts(parts: readonly Part<Column>[]): Part<Float64Array>[] | undefined {
  const doubles: Part<Float64Array>[] = [];
  for (const { of: column, start, end } of parts) {
    if (column.layout === "text" || !(column.values instanceof Float64Array)) return undefined;
    doubles.push({ of: column.values, start, end });
  }
  return doubles;
}

function columnBytes({ layout, hasNulls, above, textBytes: text }: ColumnPlan, rows: number): number {
  const nulls = hasNulls ? aligned(bitBytes(rows)) : 0;
  if (above !== undefined) return HEAD_BYTES + nulls + aboveBytes(rows, above);
  // Text has one place more than rows.
  const values = Math.ceil((rows + (layout === "text" ? 1 : 0)) * VALUE_BYTES[layout]);
  return HEAD_BYTES + nulls + aligned(values) + aligned(text);
}

function hasWide({ values }: LongColumn, start: number, end: number): boolean {
  if (values instanceof Float64Array) return false;
  for (let row = start; row < end; row++) {
    if (!Number.isSafeInteger(Number(values[row]))) return true;
  }
  return false;
}

function areTimesEqual(pieces: readonly Piece[]): boolean {
  const [piece] = pieces;
  const first = piece?.batch.times[piece.start];
  for (const { batch, start, end } of pieces) {
    for (let row = start; row < end; row++) if (batch.times[row] !== first) return false;
  }
  return true;
}
