/**
 * The blocks of frames of version 1, which states and inboxes may still hold. They begin as those of version 2, but
 * nothing is aligned:
 * - rows (u32), flags (u8: 1 there are diffs, 2 all times are equal); diffs (i32 a row); times (f64, one or one a row);
 * - per column flags (u8: 1 there are nulls, 2 wide); if there are nulls a bitmap, 1 is not null; then for
 *   bool a bitmap; int i32 a row; long f64, or if wide i64, a row; double f64 a row;
 *   text u32 a row, where it ends in the bytes that follow the last one.
 */
import { unreachable } from "../assert.ts";
import type { Schema } from "../schema/schema.ts";
import { BEGINNING } from "../time.ts";
import type { Batch, ChangeMode } from "./batch.ts";
import { layoutOf } from "./builder.ts";
import type { Column, Layout } from "./column.ts";

/** Flags of a block and of a column. */
const HAS_DIFFS = 1;
const EQUAL_TIMES = 2;
const HAS_NULLS = 1;
const WIDE = 2;

/** Reads forward through the bytes of a frame. */
interface Cursor {
  readonly frame: Uint8Array;
  at: number;
}

/** Reads the block at `at` of a frame that is known to be whole; `end` is where the next one begins. */
export function readBlock1(
  frame: Uint8Array,
  at: number,
  schema: Schema,
  change: ChangeMode,
): { readonly batch: Batch; readonly end: number } {
  const cursor: Cursor = { frame, at };
  const length = readArray(cursor, new Uint32Array(1))[0] as number;
  const flags = readByte(cursor);
  const diffs = (flags & HAS_DIFFS) === 0 ? undefined : readArray(cursor, new Int32Array(length));
  const times =
    (flags & EQUAL_TIMES) === 0
      ? readArray(cursor, new Float64Array(length))
      : new Float64Array(length).fill(readArray(cursor, new Float64Array(1))[0] as number);
  const columns = schema.fields.map((field) => readColumn(cursor, layoutOf(field.type), length));
  return { batch: { schema, length, columns, change, diffs, times, clocks: BEGINNING }, end: cursor.at };
}

function readColumn(cursor: Cursor, layout: Layout, length: number): Column {
  const flags = readByte(cursor);
  const validity = (flags & HAS_NULLS) === 0 ? undefined : readBits(cursor, length);
  switch (layout) {
    case "bool":
      return { layout, values: readBits(cursor, length), validity };
    case "int":
      return { layout, values: readArray(cursor, new Int32Array(length)), validity };
    case "double":
      return { layout, values: readArray(cursor, new Float64Array(length)), validity };
    case "long": {
      const wide = (flags & WIDE) !== 0;
      const values = wide
        ? readArray(cursor, new BigInt64Array(length))
        : readArray(cursor, new Float64Array(length));
      return { layout, values, validity };
    }
    case "text": {
      const ends = readArray(cursor, new Int32Array(length));
      const starts = new Int32Array(length);
      starts.set(ends.subarray(0, length - 1), 1);
      const bytes = readArray(cursor, new Uint8Array(ends[length - 1] as number));
      return { layout, starts, ends, bytes, validity };
    }
    default:
      return unreachable(layout);
  }
}

function readByte(cursor: Cursor): number {
  return cursor.frame[cursor.at++] as number;
}

/** Copies: a frame need not be aligned. */
function readArray<T extends Uint8Array | Uint32Array | Int32Array | Float64Array | BigInt64Array>(
  cursor: Cursor,
  into: T,
): T {
  const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
  bytes.set(cursor.frame.subarray(cursor.at, cursor.at + into.byteLength));
  cursor.at += into.byteLength;
  return into;
}

function readBits(cursor: Cursor, length: number): Uint8Array {
  const values = new Uint8Array(length);
  for (let row = 0; row < length; row++) {
    values[row] = ((cursor.frame[cursor.at + (row >> 3)] as number) >> (row & 7)) & 1;
  }
  cursor.at += Math.ceil(length / 8);
  return values;
}
