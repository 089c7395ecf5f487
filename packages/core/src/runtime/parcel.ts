import type { InvalidRecord, Polled, Position } from "../connector.ts";
import type { Schema } from "../schema/schema.ts";
import { HEAD, headOf, Memory, putColumns, sizeOf, takeColumns, takeHead } from "./column-memory.ts";

/** What a poll has found, with all rows in one piece of memory: it goes to another thread and comes back. */
export interface Parcel {
  readonly buffer: ArrayBuffer;
  readonly invalid: readonly InvalidRecord[];
  readonly next: Position;
}

/** What there is besides columns. */
const HAS_DIFFS = 1;
const HAS_RAW = 2;
/** Arrays of eight bytes a row, besides columns: positions, and halves for diffs and the places of raw records. */
const OTHER_ARRAYS = 3;

/**
 * Copies what a poll has found, into `spare` where that fits. Text lies there in the order of its rows. Of the raw
 * records all bytes come along up to the end of the last one: decoders begin with the first.
 */
export function packParcel(polled: Polled, spare?: ArrayBuffer): Parcel {
  const { length, columns, positions, diffs, raw, invalid, next } = polled;
  const rawBytes = raw === undefined ? 0 : lastByte(raw.ends, length);
  const extras = (diffs === undefined ? 0 : HAS_DIFFS) | (raw === undefined ? 0 : HAS_RAW);
  const head = headOf(polled, { extras, rawBytes });
  const buffer = Memory.of(sizeOf(head, OTHER_ARRAYS), spare);
  const memory = new Memory(buffer);
  memory.ints(head.length).set(head);
  memory.doubles(length).set(positions.subarray(0, length));
  if (diffs !== undefined) memory.ints(length).set(diffs.subarray(0, length));
  if (raw !== undefined) {
    memory.ints(length).set(raw.starts.subarray(0, length));
    memory.ints(length).set(raw.ends.subarray(0, length));
    memory.bytes(rawBytes).set(raw.bytes.subarray(0, rawBytes));
  }
  putColumns(columns, head, memory);
  return { buffer, invalid, next };
}

/** What the poll had found. It points into the parcel. */
export function openParcel({ buffer, invalid, next }: Parcel, schema: Schema): Polled {
  const memory = new Memory(buffer);
  const head = takeHead(schema, memory);
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
  const columns = takeColumns(schema, head, memory);
  return { length, columns, positions, diffs, raw, invalid, next };
}

function lastByte(ends: Int32Array, rows: number): number {
  let last = 0;
  for (let row = 0; row < rows; row++) if ((ends[row] as number) > last) last = ends[row] as number;
  return last;
}
