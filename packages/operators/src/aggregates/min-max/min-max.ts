import {
  DataflowError,
  fieldOf,
  typeName,
  type Aggregate,
  type AggregateSpec,
  type Field,
  type StateTable,
  type ValueColumn,
} from "@df/core";
import { NumberExtremes, numberState } from "./number-extremes.ts";
import type { End } from "./end.ts";
import { TextExtremes, textState } from "./text-extremes.ts";

/**
 * The smallest value of a column: numbers, decimals, timestamps and dates by value, text by its UTF-8 bytes. NaN is
 * greater than all numbers, −0 equals 0. Nulls are passed over; null for no values. Rows cannot be taken back.
 */
export function min(column: string): AggregateSpec {
  return extreme("min", column);
}

/** The largest value of a column, in the order of `min`: one NaN makes it NaN. */
export function max(column: string): AggregateSpec {
  return extreme("max", column);
}

function extreme(end: End, column: string): AggregateSpec {
  return {
    name: end,
    column,
    options: {},
    retractable: false,
    mergeable: true,
    output: (input, name) => extremeField(end, fieldOf(input, column), name),
    state: (input, name) => extremeState(fieldOf(input, column), name),
    open: (input, table, offset) => openExtreme(end, fieldOf(input, column), { table, offset }),
  };
}

function isText({ type }: Field): boolean {
  return type.kind === "string" || type.kind === "bytes";
}

function extremeField(end: End, { name: column, type, nullable }: Field, name: string): Field {
  if (type.kind === "bool" || type.kind === "json") {
    throw new DataflowError(
      "DF_AGGREGATE_TYPE",
      `${end}("${column}") needs a column with an order; "${column}" is ${typeName(type)}. Take a number, text, ` +
        `timestamp or date, or make one with .map() first.`,
    );
  }
  return { name, type, nullable, optional: false };
}

function extremeState(field: Field, name: string): readonly ValueColumn[] {
  return isText(field) ? textState(name) : numberState(name);
}

function openExtreme(
  end: End,
  field: Field,
  place: { readonly table: StateTable; readonly offset: number },
): Aggregate {
  return isText(field) ? new TextExtremes(end, place) : new NumberExtremes(end, place);
}
