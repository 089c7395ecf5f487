/**
 * Which of two rows of a group is the later one, by their values: the columns in the order of `heldColumns`, as their
 * canonical bytes compare (core's batch/canonical.ts). Only rows of equal rank get here.
 */
import { isNull, type Batch, type Column, type StateTable } from "@df/core";
import { compareNumbers, compareTexts, compareValues } from "../outputs/compare-values.ts";
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
