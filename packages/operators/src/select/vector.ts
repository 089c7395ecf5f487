/** What evaluating an expression over a batch works with. */
import { DataflowError, typeName, type Batch, type Column, type ColumnType } from "@df/core";

/** An expression that has been checked against a schema. */
export interface Vector {
  readonly type: ColumnType;
  readonly nullable: boolean;
  /**
   * Its values for the rows of a batch, by the rules of column.ts; rows that it cannot be computed for are refused and
   * hold null.
   */
  evaluate(batch: Batch, refusals: Refusals): Column;
}

/** Rows that an expression refuses, each with its first reason. */
export class Refusals {
  readonly reasons: Map<number, string> = new Map();

  refuse(row: number, reason: string): void {
    if (!this.reasons.has(row)) this.reasons.set(row, reason);
  }
}

/** Refuses an expression when the graph is built. */
export function mistyped(sentence: string): never {
  throw new DataflowError("DF_EXPRESSION", sentence);
}

/** The operand, which must be of one of the kinds. @throws DF_EXPRESSION */
export function expectKind(what: string, { type }: Vector, ...kinds: readonly ColumnType["kind"][]): void {
  if (!kinds.includes(type.kind)) {
    mistyped(`${what} takes ${kinds.join(" or ")}, not ${typeName(type)}. Use .cast() first.`);
  }
}

/** Not null in both; undefined if neither has nulls. Fresh, so that refused rows can be marked in it. */
export function bothValid(a: Column, b: Column, length: number): Uint8Array {
  const validity = a.validity?.slice(0, length) ?? new Uint8Array(length).fill(1);
  if (b.validity !== undefined) {
    for (let row = 0; row < length; row++) if (b.validity[row] === 0) validity[row] = 0;
  }
  return validity;
}

/** The validity, or undefined where nothing is null. */
export function unlessAllValid(validity: Uint8Array): Uint8Array | undefined {
  return validity.includes(0) ? validity : undefined;
}

/** The numbers of a column that is no text: bools as 0 and 1, timestamps in µs, decimals unscaled. */
export function valuesOf(column: Column): Uint8Array | Int32Array | Float64Array | BigInt64Array {
  if (column.layout === "text")
    throw new DataflowError("DF_BUG", "This is a bug in dataflow: text has no numbers");
  return column.values;
}

/** A bool column. `truth` has 0 or 1 a row, and 0 where `validity` says null. */
export function bools(truth: Uint8Array, validity?: Uint8Array): Column {
  return { layout: "bool", values: truth, validity };
}
