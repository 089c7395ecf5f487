import { ALL_ROWS } from "./all-rows.ts";
import type { Batch, Origin } from "./batch.ts";
import type { Column } from "./column.ts";
import { gatherRows } from "./gather.ts";
import { packText, slicesOf, textBytes } from "./text-copy.ts";
import type { Slices } from "./text-copy.ts";
import { checkTextBytes } from "./text-limit.ts";

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
  const { source, split, positions, raw } = origin;
  return { source, split, positions, raw: raw && packed(raw, count) };
}

/** The first `count` slices in bytes of their own, one behind the other. */
function packed(slices: Slices, count: number): Slices {
  const bytes = textBytes(slices, 0, count);
  checkTextBytes(bytes);
  const into = { bytes: new Uint8Array(bytes), places: new Int32Array(count + 1) };
  packText(slices, { start: 0, end: count }, into, 0);
  return slicesOf(into, count);
}
