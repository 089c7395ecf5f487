import { unreachable } from "../assert.ts";
import type { Schema } from "../schema/schema.ts";
import { BEGINNING } from "../time.ts";
import type { Arrays } from "./arrays.ts";
import type { Batch, ChangeMode } from "./batch.ts";
import { layoutOf } from "./builder.ts";
import type { Column, Layout } from "./column.ts";
import {
  aligned,
  bitBytes,
  EQUAL_DIFFS,
  EQUAL_TIMES,
  HAS_DIFFS,
  HAS_NULLS,
  HEAD_BYTES,
  WIDE,
} from "./frame-block.ts";
import { flaggedBytes, readAbove } from "./frame-numbers.ts";
import { slicesOf } from "./text-copy.ts";

/** Reads forward through the bytes of a frame, which begin at a multiple of eight in their buffer. */
interface Cursor {
  readonly frame: Uint8Array;
  readonly view: DataView;
  /** For what does not lie in the frame as it is needed. */
  readonly arrays: Arrays;
  at: number;
}

/** What a frame says of all of its blocks, and where arrays come from. */
export interface Blocks {
  readonly schema: Schema;
  readonly change: ChangeMode;
  readonly arrays: Arrays;
}

/** Reads the block at `at` of a frame that is known to be whole; `end` is where the next one begins. */
export function readBlock(
  frame: Uint8Array,
  at: number,
  { schema, change, arrays }: Blocks,
): { readonly batch: Batch; readonly end: number } {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const cursor: Cursor = { frame, view, arrays, at: at + HEAD_BYTES };
  const length = view.getUint32(at, true);
  const flags = view.getUint32(at + 4, true);
  const diffs = (flags & HAS_DIFFS) === 0 ? undefined : readDiffs(cursor, flags, length);
  const times =
    (flags & EQUAL_TIMES) === 0
      ? readNumbers(cursor, flags, length)
      : arrays
          .doubles(length)
          .subarray(0, length)
          .fill(readDoubles(cursor, 1)[0] as number);
  const columns = schema.fields.map((field) => readColumn(cursor, layoutOf(field.type), length));
  return { batch: { schema, length, columns, change, diffs, times, clocks: BEGINNING }, end: cursor.at };
}

function readColumn(cursor: Cursor, layout: Layout, length: number): Column {
  const flags = cursor.view.getUint32(cursor.at, true);
  const textBytes = cursor.view.getUint32(cursor.at + 4, true);
  cursor.at += HEAD_BYTES;
  const validity = (flags & HAS_NULLS) === 0 ? undefined : readBits(cursor, length);
  switch (layout) {
    case "bool":
      return { layout, values: readBits(cursor, length), validity };
    case "int":
      return { layout, values: readInts(cursor, length), validity };
    case "double":
      return { layout, values: readNumbers(cursor, flags, length), validity };
    case "long": {
      const wide = (flags & WIDE) !== 0;
      const values = wide
        ? new BigInt64Array(cursor.frame.buffer as ArrayBuffer, take(cursor, length * 8), length)
        : readNumbers(cursor, flags, length);
      return { layout, values, validity };
    }
    case "text": {
      const places = readInts(cursor, length + 1);
      const bytes = new Uint8Array(cursor.frame.buffer as ArrayBuffer, take(cursor, textBytes), textBytes);
      return { layout, ...slicesOf({ bytes, places }, length), validity };
    }
    default:
      return unreachable(layout);
  }
}

/** Passes so many bytes, and returns where they begin in the buffer of the frame. */
function take(cursor: Cursor, bytes: number): number {
  const start = cursor.frame.byteOffset + cursor.at;
  cursor.at += aligned(bytes);
  return start;
}

function readDiffs(cursor: Cursor, flags: number, length: number): Int32Array {
  if ((flags & EQUAL_DIFFS) === 0) return readInts(cursor, length);
  return cursor.arrays
    .ints(length)
    .subarray(0, length)
    .fill(readDoubles(cursor, 1)[0] as number);
}

/** Doubles, as they are or above a base. */
function readNumbers(cursor: Cursor, flags: number, length: number): Float64Array {
  const bytes = flaggedBytes(flags);
  if (bytes === undefined) return readDoubles(cursor, length);
  const base = readDoubles(cursor, 1)[0] as number;
  const at = take(cursor, length * bytes);
  const { arrays, frame } = cursor;
  return readAbove(frame.buffer as ArrayBuffer, at, length, { above: { base, bytes }, arrays });
}

function readInts(cursor: Cursor, length: number): Int32Array {
  return new Int32Array(cursor.frame.buffer as ArrayBuffer, take(cursor, length * 4), length);
}

function readDoubles(cursor: Cursor, length: number): Float64Array {
  return new Float64Array(cursor.frame.buffer as ArrayBuffer, take(cursor, length * 8), length);
}

function readBits(cursor: Cursor, length: number): Uint8Array {
  const { frame, at } = cursor;
  const values = new Uint8Array(length);
  for (let row = 0; row < length; row++) {
    values[row] = ((frame[at + (row >> 3)] as number) >> (row & 7)) & 1;
  }
  cursor.at += aligned(bitBytes(length));
  return values;
}
