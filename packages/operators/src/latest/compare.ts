/**
 * Which of two rows of a group is the later one, by their values: the columns in the order of `heldColumns`, as their
 * canonical bytes compare (core's batch/canonical.ts). Only rows of equal rank get here.
 */
import { isNull, type Batch, type Column, type StateTable } from "@df/core";
import { isHeldNull, longAt, type HeldColumn } from "./held-columns.ts";

/** Below 0 if row `a` comes before row `b`, 0 if they are equal. */
export function compareRows(columns: readonly HeldColumn[], batch: Batch, a: number, b: number): number {
  for (const { index } of columns) {
    const order = compareValues(batch.columns[index] as Column, a, b);
    if (order !== 0) return order;
  }
  return 0;
}

/** As `compareRows`, of a row of a batch and the row of the table that begins at word `offset`. */
export function compareToHeld(
  columns: readonly HeldColumn[],
  table: StateTable,
  { batch, row }: { readonly batch: Batch; readonly row: number },
  offset: number,
): number {
  for (const held of columns) {
    const order = compareValueToHeld(batch.columns[held.index] as Column, row, { table, held, offset });
    if (order !== 0) return order;
  }
  return 0;
}

function compareValues(column: Column, a: number, b: number): number {
  if (isNull(column, a) || isNull(column, b)) return Number(isNull(column, b)) - Number(isNull(column, a));
  if (column.layout !== "text") {
    return compareNumbers(column.values[a] as number | bigint, column.values[b] as number | bigint);
  }
  const { starts, ends, bytes } = column;
  return compareTexts(
    { bytes, start: starts[a] as number, end: ends[a] as number },
    { bytes, start: starts[b] as number, end: ends[b] as number },
  );
}

interface HeldPlace {
  readonly table: StateTable;
  readonly held: HeldColumn;
  readonly offset: number;
}

function compareValueToHeld(column: Column, row: number, { table, held, offset }: HeldPlace): number {
  const at = offset + held.word;
  const isMissing = isHeldNull(table.ints, held, offset);
  if (isNull(column, row) || isMissing) return Number(isMissing) - Number(isNull(column, row));
  if (column.layout === "text") {
    const bytes = table.heap.get(table.words[at] as number);
    const start = column.starts[row] as number;
    return compareTexts(
      { bytes: column.bytes, start, end: column.ends[row] as number },
      { bytes, start: 0, end: bytes.length },
    );
  }
  const value = column.values[row] as number | bigint;
  if (column.layout !== "long") return compareNumbers(value, table.words[at] as number);
  // A safe integer is on the right side of any other number, be that rounded.
  return typeof value === "bigint"
    ? compareNumbers(value, table.longs[at] as bigint)
    : compareNumbers(value, longAt(table.ints, at));
}

/** NaN is above all numbers. */
function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

interface Text {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

function compareTexts(a: Text, b: Text): number {
  const lengthA = a.end - a.start;
  const lengthB = b.end - b.start;
  const shorter = Math.min(lengthA, lengthB);
  for (let i = 0; i < shorter; i++) {
    const difference = (a.bytes[a.start + i] as number) - (b.bytes[b.start + i] as number);
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}
