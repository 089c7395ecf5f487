import type { Batch, RowCondition, Schema } from "@df/core";
import { rowReader, type RowReader } from "@df/core/batch/rows";
import { indexesOf } from "./stateless.ts";

type Keep = RowCondition["keep"];

/** A condition on rows of one schema, open. Both throw what the condition throws, and TypeError for no boolean. */
export interface RowTest {
  /** Whether it holds for a row of a batch. */
  row(batch: Batch, row: number): boolean;
  /** Writes for each row of a batch whether it holds, 1 or 0; what it has written when it throws is not defined. */
  all(batch: Batch, verdicts: Uint8Array): void;
}

/** Opens a condition. @throws DF_NO_COLUMN for a column that the schema does not have */
export function rowTest(schema: Schema, { columns, keep }: RowCondition, generate: boolean): RowTest {
  const read = rowReader(schema, indexesOf(schema, columns), generate);
  return {
    row: (batch, row) => checked(keep(read(batch, row))),
    all: (generate ? generatedLoop(keep, read) : undefined) ?? interpretedLoop(keep, read),
  };
}

/** The answer. @throws TypeError for no boolean: a promise would always count as true */
function checked(answer: unknown): boolean {
  if (typeof answer === "boolean") return answer;
  throw new TypeError(`The condition returned ${typeof answer}, not a boolean.`);
}

function interpretedLoop(keep: Keep, read: RowReader): RowTest["all"] {
  return (batch, verdicts) => {
    for (let row = 0; row < batch.length; row++) verdicts[row] = checked(keep(read(batch, row))) ? 1 : 0;
  };
}

let generatedLoops = 0;

/**
 * The same with a text of its own for each condition: V8 shares type feedback between functions of equal text, and only
 * a loop that has met a single lambda takes it in, with its row objects. Undefined where code may not be generated.
 */
function generatedLoop(keep: Keep, read: RowReader): RowTest["all"] | undefined {
  const text = `"use strict"; // ${generatedLoops++}
  return (batch, verdicts) => {
    const { length } = batch;
    for (let row = 0; row < length; row++) {
      const answer = keep(read(batch, row));
      verdicts[row] = (typeof answer === "boolean" ? answer : checked(answer)) ? 1 : 0;
    }
  };
//# sourceURL=dataflow:///condition`;
  let make: (k: Keep, r: RowReader, c: typeof checked) => RowTest["all"];
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- no text of a user is in it
    make = new Function("keep", "read", "checked", text) as typeof make;
  } catch {
    return undefined;
  }
  return make(keep, read, checked);
}
