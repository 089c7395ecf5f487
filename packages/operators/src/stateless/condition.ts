import type { Batch, RowCondition, Schema } from "@df/core";
import { compileRowLoop, rowReader, type LoopLambda, type RowReader } from "@df/core/batch/rows";
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
  const indexes = indexesOf(schema, columns);
  const read = rowReader(schema, indexes, generate);
  const loop = generate ? generatedLoop({ schema, columns: indexes, lambda: keep }) : undefined;
  return {
    row: (batch, row) => checked(keep(read(batch, row))),
    all: loop ?? interpretedLoop(keep, read),
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

function generatedLoop(loop: LoopLambda): RowTest["all"] | undefined {
  // `| 0` makes a number of a truth value without a branch, which could not be foreseen; `? 1 : 0` is one.
  return compileRowLoop<Uint8Array>(loop, {
    name: "condition",
    into: "verdicts",
    each: `verdicts[row] = (typeof result === "boolean" ? result : checked(result)) | 0;`,
    given: { checked },
  });
}
