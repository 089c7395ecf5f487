import { ALL_ROWS } from "./all-rows.ts";
import type { Batch, Origin } from "./batch.ts";
import type { Column } from "./column.ts";
import { gatherRows } from "./gather.ts";
import { checkTextBytes } from "./text-limit.ts";

/** Bytes from which on a native copy is faster than a loop. */
const NATIVE_BYTES_MIN = 48;

/** Slices of bytes, one a row. */
interface Slices {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly bytes: Uint8Array;
}

/** The rows `rows[0..count)` of a batch, as a batch that shares no memory with it: it may be kept. */
export function copyRows(batch: Batch, rows: Int32Array, count: number): Batch {
  const gathered = gatherRows(batch, rows, count);
  return {
    ...gathered,
    columns: gathered.columns.map((column) => ownText(column, count)),
    origin: gathered.origin && ownRaw(gathered.origin, count),
  };
}

/** The whole batch as `copyRows` copies it. */
export function copyBatch(batch: Batch): Batch {
  return copyRows(batch, ALL_ROWS, batch.length);
}

function ownText(column: Column, count: number): Column {
  return column.layout === "text" ? { ...column, ...packed(column, count) } : column;
}

function ownRaw(origin: Origin, count: number): Origin {
  return { ...origin, raw: origin.raw && packed(origin.raw, count) };
}

/** The first `count` slices in bytes of their own, one behind the other. */
function packed({ starts, ends, bytes }: Slices, count: number): Slices {
  let length = 0;
  for (let row = 0; row < count; row++) length += (ends[row] as number) - (starts[row] as number);
  checkTextBytes(length);
  const into: Slices = {
    starts: new Int32Array(count),
    ends: new Int32Array(count),
    bytes: new Uint8Array(length),
  };
  for (let row = 0, to = 0; row < count; row++) {
    const start = starts[row] as number;
    const end = ends[row] as number;
    into.starts[row] = to;
    if (end - start >= NATIVE_BYTES_MIN) into.bytes.set(bytes.subarray(start, end), to);
    else for (let at = start; at < end; at++) into.bytes[to + at - start] = bytes[at] as number;
    to += end - start;
    into.ends[row] = to;
  }
  return into;
}
