import { isKeyNull, type KeyWords } from "./key-columns.ts";
import { mergedOrder } from "./merge-order.ts";
import { orderOfIntegers } from "./order-of-integers.ts";
import type { KeyColumn } from "./table-layout.ts";

const TWO_32 = 4294967296;
/** Sorts before and behind all values of a first column. */
const NULL_RANK = -Infinity;

/** Rows of a table that may have been spilled are sorted in runs of so many, which then are merged. */
const RUN_ROWS = 16384;

/** A table, and where its rows are. See table.ts. */
interface PlacedKeys extends KeyWords {
  readonly spans: object | undefined;
  placeOf(id: number): number;
}

/**
 * Sorts ids of a table, which come by pages, by the canonical order of their keys (see batch/canonical.ts): column by
 * column, nulls first, NaN last.
 */
export function canonicalOrder(table: PlacedKeys, ids: Int32Array, runRows: number = RUN_ROWS): Int32Array {
  if (table.spans === undefined || ids.length <= runRows) return sorted(table, ids);
  const runs: Int32Array[] = [];
  for (let from = 0; from < ids.length; from += runRows)
    runs.push(sorted(table, ids.subarray(from, from + runRows)));
  return mergedOrder(runs, (a, b) => compareKeys(table, a, b));
}

/** Compares a rank of the first column, one double a row, and the words of the rows only where ranks are equal. */
function sorted(table: PlacedKeys, ids: Int32Array): Int32Array {
  const first = table.layout.columns[0];
  if (first === undefined || ids.length < 2) return ids;
  const ranks = new Float64Array(ids.length);
  for (let i = 0; i < ids.length; i++) ranks[i] = rank(table, first, table.placeOf(ids[i] as number));
  // Texts are ranked by how they begin.
  const isDistinct = table.layout.columns.length === 1 && first.layout !== "text";
  const order = (isDistinct ? orderOfIntegers(ranks) : undefined) ?? compared(table, ids, ranks);
  for (let i = 0; i < order.length; i++) order[i] = ids[order[i] as number] as number;
  return order;
}

function compared(table: PlacedKeys, ids: Int32Array, ranks: Float64Array): Int32Array {
  const positions = Int32Array.from(ids.keys());
  return positions.sort((a, b) => {
    const rankA = ranks[a] as number;
    const rankB = ranks[b] as number;
    if (rankA !== rankB) return rankA < rankB ? -1 : 1;
    return compareKeys(table, ids[a] as number, ids[b] as number);
  });
}

/** A double that never orders two keys wrongly; keys of equal rank are compared in full. */
function rank(table: KeyWords, column: KeyColumn, place: number): number {
  const { words, ints, heap } = table;
  const start = place * table.layout.rowWords;
  const at = start + column.word;
  if (isKeyNull(ints, start, column.nullBit)) return NULL_RANK;
  switch (column.layout) {
    case "double": {
      const value = words[at] as number;
      return Number.isNaN(value) ? Infinity : value;
    }
    case "long":
      return (ints[at * 2 + 1] as number) * TWO_32 + ((ints[at * 2] as number) >>> 0);
    case "text": {
      const reference = ints[at * 2] as number;
      const from = heap.startOf(reference);
      const length = heap.lengthOf(reference);
      let value = 0;
      for (let i = 0; i < 6; i++)
        value = value * 256 + (i < length ? (heap.memory.bytes[from + i] as number) : 0);
      return value;
    }
    case "bool":
    case "int":
      return ints[at * 2] as number;
  }
}

function compareKeys(table: PlacedKeys, a: number, b: number): number {
  const { rowWords, columns } = table.layout;
  const startA = table.placeOf(a) * rowWords;
  const startB = table.placeOf(b) * rowWords;
  const { ints } = table;
  for (const column of columns) {
    const isNullA = isKeyNull(ints, startA, column.nullBit);
    const isNullB = isKeyNull(ints, startB, column.nullBit);
    if (isNullA && isNullB) continue;
    if (isNullA !== isNullB) return isNullA ? -1 : 1;
    const order = compareValues(table, column, startA + column.word, startB + column.word);
    if (order !== 0) return order;
  }
  return 0;
}

function compareValues(table: KeyWords, column: KeyColumn, a: number, b: number): number {
  const { words, ints } = table;
  switch (column.layout) {
    case "double":
      return compareDoubles(words[a] as number, words[b] as number);
    case "long": {
      const high = (ints[a * 2 + 1] as number) - (ints[b * 2 + 1] as number);
      return high !== 0 ? high : ((ints[a * 2] as number) >>> 0) - ((ints[b * 2] as number) >>> 0);
    }
    case "text":
      return compareTexts(table, ints[a * 2] as number, ints[b * 2] as number);
    case "bool":
    case "int":
      return (ints[a * 2] as number) - (ints[b * 2] as number);
  }
}

function compareDoubles(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function compareTexts({ heap }: KeyWords, a: number, b: number): number {
  const { bytes } = heap.memory;
  const startA = heap.startOf(a);
  const startB = heap.startOf(b);
  const lengthA = heap.lengthOf(a);
  const lengthB = heap.lengthOf(b);
  const length = Math.min(lengthA, lengthB);
  for (let i = 0; i < length; i++) {
    const difference = (bytes[startA + i] as number) - (bytes[startB + i] as number);
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}
