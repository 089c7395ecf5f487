import { diffAt, type OperatorSpec } from "@df/core";
import { rowReader } from "@df/core/batch/rows";
import { KEEP, RowKeeper, REFUSED } from "../stateless/keep-rows.ts";
import { indexesOf, only, passing, runEach, type ReadColumns } from "../stateless/stateless.ts";

/** A function that looks at rows, and the columns it reads. */
export interface TapOptions {
  /** The columns that `look` reads. */
  readonly columns: ReadColumns;
  /** Sees each row; what it returns is ignored. After a crash it sees some rows again. */
  readonly look: (row: Record<string, unknown>) => unknown;
}

/** Shows each row to a function and hands it on unchanged. Deletes of an upsert stream pass unseen. */
export function tap({ columns, look }: TapOptions): OperatorSpec {
  return passing("tap", columns, (context) => {
    const { schema, change } = only(context.inputs);
    const read = rowReader(schema, indexesOf(schema, columns), context.generate);
    const keeper = new RowKeeper(context);
    const { verdicts } = keeper;
    return {
      onBatch(batch, _port, out) {
        // One by one from the start: a second run over the batch would show rows twice.
        runEach(context, batch, {
          begin: () => verdicts.fill(REFUSED),
          row: (row) => {
            if (change !== "upsert" || diffAt(batch, row) > 0) look(read(batch, row));
            verdicts[row] = KEEP;
          },
        });
        keeper.hand(batch, out);
        return "done";
      },
    };
  });
}
