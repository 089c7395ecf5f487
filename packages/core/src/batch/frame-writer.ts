import { unreachable } from "../assert.ts";
import type { Column, LongColumn, TextColumn } from "./column.ts";
import { aligned, bitBytes, EQUAL_DIFFS, EQUAL_TIMES, HAS_DIFFS, HAS_NULLS, WIDE } from "./frame-block.ts";
import { aboveFlag, writeAbove, type Above } from "./frame-numbers.ts";
import {
  diffParts,
  doubleParts,
  timeParts,
  type BlockPlan,
  type ColumnPlan,
  type Part,
} from "./frame-plan.ts";
import { packText } from "./text-copy.ts";

/** Where the next part of a frame goes. The frame begins its buffer. */
interface Cursor {
  readonly buffer: ArrayBuffer;
  at: number;
}

/** Writes a block at `at`, a multiple of eight, where the buffer has zeros; returns its end. */
export function writeBlock(buffer: ArrayBuffer, at: number, plan: BlockPlan): number {
  const { pieces, rows, hasDiffs, hasEqualTimes } = plan;
  const cursor: Cursor = { buffer, at };
  writeHead(
    cursor,
    rows,
    (hasDiffs ? HAS_DIFFS : 0) |
      (hasEqualTimes ? EQUAL_TIMES : 0) |
      aboveFlag(plan.times) |
      (plan.diffs === undefined ? 0 : EQUAL_DIFFS),
  );
  if (plan.diffs !== undefined) writeNumbers(cursor, [], plan.diffs, rows);
  else if (hasDiffs) join(diffParts(pieces), intsAt(cursor, rows));
  const times = timeParts(pieces);
  if (plan.times !== undefined) writeNumbers(cursor, times, plan.times, rows);
  else if (!hasEqualTimes) join(times, doublesAt(cursor, rows));
  else
    join(
      times.slice(0, 1).map(({ of, start }) => ({ of, start, end: start + 1 })),
      doublesAt(cursor, 1),
    );
  for (const column of plan.columns) writeColumn(cursor, column, rows);
  return cursor.at;
}

/** Writes a base, and what each of the numbers is above it. */
function writeNumbers(
  cursor: Cursor,
  parts: readonly Part<Float64Array>[],
  above: Above,
  rows: number,
): void {
  doublesAt(cursor, 1)[0] = above.base;
  writeAbove(parts, above, cursor.buffer, take(cursor, rows * above.bytes));
}

function writeColumn(cursor: Cursor, plan: ColumnPlan, rows: number): void {
  const { layout, parts, hasNulls, isWide, above } = plan;
  writeHead(cursor, (hasNulls ? HAS_NULLS : 0) | (isWide ? WIDE : 0) | aboveFlag(above), plan.textBytes);
  if (hasNulls) {
    const validity = parts.map((part) => ({ ...part, of: part.of.validity }));
    writeBits(cursor, join(validity, new Uint8Array(rows).fill(1)));
  }
  if (above !== undefined) {
    writeNumbers(cursor, doubleParts(parts) ?? [], above, rows);
    return;
  }
  switch (layout) {
    case "bool":
      writeBits(cursor, join(parts.map(valuesOf), new Uint8Array(rows)));
      return;
    case "int":
      join(parts.map(valuesOf), intsAt(cursor, rows));
      return;
    case "double":
      join(parts.map(valuesOf), doublesAt(cursor, rows));
      return;
    case "long":
      if (!isWide) join(parts.map(numbersOf), doublesAt(cursor, rows));
      else join(parts.map(bigintsOf), new BigInt64Array(cursor.buffer, take(cursor, rows * 8), rows));
      return;
    case "text":
      writeText(cursor, plan, rows);
      return;
    default:
      unreachable(layout);
  }
}

type Values = Uint8Array | Int32Array | Float64Array | BigInt64Array;

function valuesOf({ of: column, start, end }: Part<Column>): Part<Values | undefined> {
  return { of: column.layout === "text" ? undefined : column.values, start, end };
}

function numbersOf({ of: column, start, end }: Part<Column>): Part<Float64Array> {
  const { values } = column as LongColumn;
  if (values instanceof Float64Array) return { of: values, start, end };
  return { of: Float64Array.from(values.subarray(start, end), Number), start: 0, end: end - start };
}

function bigintsOf({ of: column, start, end }: Part<Column>): Part<BigInt64Array> {
  const { values } = column as LongColumn;
  if (values instanceof BigInt64Array) return { of: values, start, end };
  return { of: BigInt64Array.from(values.subarray(start, end), BigInt), start: 0, end: end - start };
}

/** Copies the parts behind each other; what has no array keeps what `into` holds. */
function join<T extends Values>(parts: readonly Part<Values | undefined>[], into: T): T {
  let to = 0;
  for (const { of: array, start, end } of parts) {
    // Both are of one kind: bigints would not go into numbers.
    if (array !== undefined) into.set(array.subarray(start, end) as never, to);
    to += end - start;
  }
  return into;
}

function writeHead(cursor: Cursor, first: number, second: number): void {
  new Uint32Array(cursor.buffer, take(cursor, 8), 2).set([first, second]);
}

function writeText(cursor: Cursor, { parts, textBytes }: ColumnPlan, rows: number): void {
  const places = intsAt(cursor, rows + 1);
  const bytes = new Uint8Array(cursor.buffer, take(cursor, textBytes), textBytes);
  let row = 0;
  for (const part of parts) {
    packText(part.of as TextColumn, part, { bytes, places }, row);
    row += part.end - part.start;
  }
}

function writeBits(cursor: Cursor, values: Uint8Array): void {
  const bits = bitBytes(values.length);
  const into = new Uint8Array(cursor.buffer, take(cursor, bits), bits);
  for (let row = 0; row < values.length; row++) {
    if (values[row] !== 0) into[row >> 3] = (into[row >> 3] as number) | (1 << (row & 7));
  }
}

// Arrays over the frame itself: as every platform that Node runs on here, the format is little-endian.

function intsAt(cursor: Cursor, length: number): Int32Array {
  return new Int32Array(cursor.buffer, take(cursor, length * 4), length);
}

function doublesAt(cursor: Cursor, length: number): Float64Array {
  return new Float64Array(cursor.buffer, take(cursor, length * 8), length);
}

/** Passes so many bytes, and returns where they begin. */
function take(cursor: Cursor, bytes: number): number {
  const start = cursor.at;
  cursor.at += aligned(bytes);
  return start;
}
