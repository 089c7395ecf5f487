/**
 * Ranks: numbers that tell most rows apart without a look at their values. A higher rank is a higher value; of equal
 * ranks the values decide (compare.ts). Null is −∞, NaN is +∞, an int64 is rounded, text is its first six bytes.
 */
import { isNull, unreachable, type Column, type StateTable } from "@df/core";
import { isHeldNull, longAt, type HeldColumn } from "./held-columns.ts";

/** Bytes of text in a rank: 48 bits of a number's 53. */
const PREFIX_BYTES = 6;
const LOWEST = Number.NEGATIVE_INFINITY;
const HIGHEST = Number.POSITIVE_INFINITY;

/** The ranks of the first `count` values of a column. */
export function rankRows(column: Column, count: number, into: Float64Array): void {
  switch (column.layout) {
    case "bool":
    case "int":
      for (let row = 0; row < count; row++) into[row] = column.values[row] as number;
      break;
    case "double":
      rankDoubles(column.values, count, into);
      break;
    case "long":
      if (column.values instanceof Float64Array) into.set(column.values.subarray(0, count));
      else for (let row = 0; row < count; row++) into[row] = Number(column.values[row]);
      break;
    case "text":
      for (let row = 0; row < count; row++) {
        into[row] = prefixOf(column.bytes, column.starts[row] as number, column.ends[row] as number);
      }
      break;
    default:
      return unreachable(column);
  }
  if (column.validity === undefined) return;
  for (let row = 0; row < count; row++) if (isNull(column, row)) into[row] = LOWEST;
}

/** The ranks of a column's values in the rows of the table that begin at the given words. */
export function rankHeld(
  table: StateTable,
  held: HeldColumn,
  places: { readonly offsets: Int32Array; readonly count: number },
  into: Float64Array,
): void {
  const { offsets, count } = places;
  const { words, ints, heap } = table;
  const { kind } = held.field.type;
  for (let i = 0; i < count; i++) {
    const at = (offsets[i] as number) + held.word;
    if (kind === "int64" || kind === "decimal") into[i] = longAt(ints, at);
    else if (kind === "string") {
      const bytes = heap.get(words[at] as number);
      into[i] = prefixOf(bytes, 0, bytes.length);
    } else {
      const value = words[at] as number;
      into[i] = Number.isNaN(value) ? HIGHEST : value;
    }
  }
  if (!held.field.nullable && !held.field.optional) return;
  for (let i = 0; i < count; i++) if (isHeldNull(ints, held, offsets[i] as number)) into[i] = LOWEST;
}

function rankDoubles(values: Float64Array, count: number, into: Float64Array): void {
  for (let row = 0; row < count; row++) {
    const value = values[row] as number;
    into[row] = Number.isNaN(value) ? HIGHEST : value;
  }
}

function prefixOf(bytes: Uint8Array, start: number, end: number): number {
  let rank = 0;
  for (let at = start; at < start + PREFIX_BYTES; at++)
    rank = rank * 256 + (at < end ? (bytes[at] as number) : 0);
  return rank;
}
