import { unreachable } from "../assert.ts";
import type { Schema } from "../schema/schema.ts";
import { BEGINNING } from "../time.ts";
import type { Batch, ChangeMode } from "./batch.ts";
import { layoutOf } from "./builder.ts";
import type { Column, Layout } from "./column.ts";
import { aligned, bitBytes, EQUAL_TIMES, HAS_DIFFS, HAS_NULLS, HEAD_BYTES, WIDE } from "./frame-block.ts";
import { slicesOf } from "./text-copy.ts";

/** Reads forward through the bytes of a frame, which begin at a multiple of eight in their buffer. */
interface Cursor {
  readonly frame: Uint8Array;
  readonly view: DataView;
  at: number;
}

/** Reads the block at `at` of a frame that is known to be whole; `end` is where the next one begins. */
export function readBlock(
  frame: Uint8Array,
  at: number,
  schema: Schema,
  change: ChangeMode,
): { readonly batch: Batch; readonly end: number } {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const cursor: Cursor = { frame, view, at: at + HEAD_BYTES };
  const length = view.getUint32(at, true);
  const flags = view.getUint32(at + 4, true);
  const diffs = (flags & HAS_DIFFS) === 0 ? undefined : readInts(cursor, length);
  const times =
    (flags & EQUAL_TIMES) === 0
      ? readDoubles(cursor, length)
      : new Float64Array(length).fill(readDoubles(cursor, 1)[0] as number);
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
      return { layout, values: readDoubles(cursor, length), validity };
    case "long": {
      const wide = (flags & WIDE) !== 0;
      const values = wide
        ? new BigInt64Array(cursor.frame.buffer as ArrayBuffer, take(cursor, length * 8), length)
        : readDoubles(cursor, length);
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
