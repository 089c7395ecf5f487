import type { InvalidRecord, Polled, Position } from "../connector.ts";
import type { Schema } from "../schema/schema.ts";
import {
  aligned,
  COLUMN_INTS,
  columnBytes,
  describeColumns,
  Memory,
  putColumns,
  takeColumns,
} from "./column-memory.ts";

/** What a poll has found, with all rows in one piece of memory: it goes to another thread and comes back. */
export interface Parcel {
  readonly buffer: ArrayBuffer;
  readonly invalid: readonly InvalidRecord[];
  readonly next: Position;
}

/** Places in the head, all int32: rows, what there is besides columns, bytes of raw records; then the columns. */
const HEAD = { rows: 0, extras: 1, rawBytes: 2, columns: 3 } as const;
const HAS_DIFFS = 1;
const HAS_RAW = 2;

/**
 * Copies what a poll has found, into `spare` where that fits. Text lies there in the order of its rows. Of the raw
 * records all bytes come along up to the end of the last one: decoders begin with the first.
 */
export function packParcel(polled: Polled, spare?: ArrayBuffer): Parcel {
  const { length, columns, positions, diffs, raw, invalid, next } = polled;
  const rawBytes = raw === undefined ? 0 : lastByte(raw.ends, length);
  const head = headOf(polled, rawBytes);
  const needed = sizeOf(head);
  const buffer = Memory.of(needed, spare);
  const memory = new Memory(buffer);
  memory.ints(head.length).set(head);
  memory.doubles(length).set(positions.subarray(0, length));
  if (diffs !== undefined) memory.ints(length).set(diffs.subarray(0, length));
  if (raw !== undefined) {
    memory.ints(length).set(raw.starts.subarray(0, length));
    memory.ints(length).set(raw.ends.subarray(0, length));
    memory.bytes(rawBytes).set(raw.bytes.subarray(0, rawBytes));
  }
  putColumns(columns, length, head.subarray(HEAD.columns), memory);
  return { buffer, invalid, next };
}

/** What the poll had found. It points into the parcel. */
export function openParcel({ buffer, invalid, next }: Parcel, schema: Schema): Polled {
  const memory = new Memory(buffer);
  const head = memory.ints(HEAD.columns + COLUMN_INTS * schema.fields.length);
  const length = head[HEAD.rows] as number;
  const extras = head[HEAD.extras] as number;
  const positions = memory.doubles(length);
  const diffs = (extras & HAS_DIFFS) === 0 ? undefined : memory.ints(length);
  const raw =
    (extras & HAS_RAW) === 0
      ? undefined
      : {
          starts: memory.ints(length),
          ends: memory.ints(length),
          bytes: memory.bytes(head[HEAD.rawBytes] as number),
        };
  const columns = takeColumns(schema, length, head.subarray(HEAD.columns), memory);
  return { length, columns, positions, diffs, raw, invalid, next };
}

function headOf({ length, columns, diffs, raw }: Polled, rawBytes: number): Int32Array {
  const head = new Int32Array(HEAD.columns + COLUMN_INTS * columns.length);
  head[HEAD.rows] = length;
  head[HEAD.extras] = (diffs === undefined ? 0 : HAS_DIFFS) | (raw === undefined ? 0 : HAS_RAW);
  head[HEAD.rawBytes] = rawBytes;
  describeColumns(columns, length, head, HEAD.columns);
  return head;
}

/** Bytes that all arrays take. */
function sizeOf(head: Int32Array): number {
  const rows = head[HEAD.rows] as number;
  const extras = 3 * aligned(8 * rows + 8) + aligned(head[HEAD.rawBytes] as number);
  return aligned(4 * head.length) + extras + columnBytes(rows, head.subarray(HEAD.columns));
}

function lastByte(ends: Int32Array, rows: number): number {
  let last = 0;
  for (let row = 0; row < rows; row++) if ((ends[row] as number) > last) last = ends[row] as number;
  return last;
}
