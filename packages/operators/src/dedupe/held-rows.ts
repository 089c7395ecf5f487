/**
 * The rows that are held of one key, as bytes: for each its event time (8 bytes), the length of its canonical bytes (4)
 * and these. Ascending by time; of rows with one time only the lowest is held, as the others can never be kept.
 */
import type { Time } from "@df/core";

/** Bytes before a row. */
export const HEAD_BYTES = 12;

/** Bytes and time of the row at an offset. */
export interface HeldRow {
  readonly time: Time;
  readonly bytes: Uint8Array;
  /** Offset of the next row. */
  readonly end: number;
}

/** The row at `offset` of a list. */
export function heldRow(list: Uint8Array, offset: number): HeldRow {
  const view = new DataView(list.buffer, list.byteOffset + offset, HEAD_BYTES);
  const start = offset + HEAD_BYTES;
  const end = start + view.getUint32(8);
  return { time: view.getFloat64(0), bytes: list.subarray(start, end), end };
}

/** Number of rows in a list. */
export function heldCount(list: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < list.length; at = heldRow(list, at).end) count++;
  return count;
}

/**
 * The list with one row more; undefined if a row that is not higher is held of the same time. `freed` rows give way.
 */
export function withRow(
  list: Uint8Array,
  time: Time,
  bytes: Uint8Array,
): { readonly list: Uint8Array; readonly freed: 0 | 1 } | undefined {
  let at = 0;
  let after = 0;
  while (at < list.length) {
    const row = heldRow(list, at);
    after = at;
    if (row.time > time) break;
    if (row.time === time) {
      if (Buffer.compare(row.bytes, bytes) <= 0) return undefined;
      after = row.end;
      break;
    }
    at = row.end;
    after = at;
  }
  const longer = new Uint8Array(at + HEAD_BYTES + bytes.length + list.length - after);
  longer.set(list.subarray(0, at));
  writeRow(longer, at, time, bytes);
  longer.set(list.subarray(after), at + HEAD_BYTES + bytes.length);
  return { list: longer, freed: after > at ? 1 : 0 };
}

function writeRow(list: Uint8Array, at: number, time: Time, bytes: Uint8Array): void {
  const view = new DataView(list.buffer, at, HEAD_BYTES);
  view.setFloat64(0, time);
  view.setUint32(8, bytes.length);
  list.set(bytes, at + HEAD_BYTES);
}
