import type { Schema } from "../schema/schema.ts";
import { columnsCode, generated, rowCode } from "./row-code.ts";
import { columnReads } from "./row-reader.ts";

/** A function of a row and the columns that it reads, by their indexes. */
export interface LoopLambda {
  readonly schema: Schema;
  readonly columns: readonly number[] | "all";
  readonly lambda: (row: Record<string, unknown>) => unknown;
}

/** What is done with the results of a lambda, as the text of statements. */
export interface LoopCode {
  /** Where debuggers and profilers show it. */
  readonly name: string;
  /** The loop's parameter besides `batch`. */
  readonly into: string;
  /** Run before the first row of a batch of `length` rows. */
  readonly before?: string;
  /** Run with what the lambda returned for row number `row`, by the name `result`. */
  readonly each: string;
  /** What the statements name. */
  readonly given: Readonly<Record<string, unknown>>;
}

/**
 * Generates a loop that calls a lambda with each row of a batch. Each loop has a text of its own: V8 takes a lambda
 * into a loop that has met no other, with its row, which then is never made. Nothing stands behind the loop: V8 enters
 * a long one midway, in code that is thrown away where the loop ends. Undefined where code may not be generated.
 */
export function compileRowLoop<Into>(
  { schema, columns, lambda }: LoopLambda,
  { name, into, before = "", each, given }: LoopCode,
): ((batch: { readonly length: number }, into: Into) => void) | undefined {
  const reads = columnReads(schema, columns);
  const text = `(batch, ${into}) => {
const { length } = batch;
${columnsCode(reads)}
${before}
for (let row = 0; row < length; row++) {
const result = lambda(${rowCode(reads)});
${each}
}
}`;
  return generated(name, text, reads, { ...given, lambda });
}
