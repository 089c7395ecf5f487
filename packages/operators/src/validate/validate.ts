import { DataflowError, diffAt, reasonOf, type Batch, type OperatorSpec, type RowCheck } from "@df/core";
import { rowReader } from "@df/core/batch/rows";
import { KEEP, REFUSED, RowKeeper } from "../stateless/keep-rows.ts";
import { indexesOf, only, passing } from "../stateless/stateless.ts";

/**
 * Hands on the rows in which a check finds no fault, as they are, and refuses the others with the reason. Deletes of an
 * upsert stream pass unseen; on a retract stream both halves of an update are looked at.
 * The operator throws DF_VALIDATOR for a check that cannot be one.
 */
export function validate({ columns, fault }: RowCheck): OperatorSpec {
  return passing("validate", columns, (context) => {
    const { schema, change } = only(context.inputs);
    const read = rowReader(schema, indexesOf(schema, columns), context.generate);
    const faultOf = (batch: Batch, row: number): string | undefined => {
      try {
        return fault(read(batch, row));
      } catch (thrown) {
        if (thrown instanceof DataflowError && thrown.code === "DF_VALIDATOR") throw thrown;
        return reasonOf(thrown);
      }
    };
    const keeper = new RowKeeper(context);
    const { verdicts } = keeper;
    return {
      onBatch(batch, _port, out) {
        for (let row = 0; row < batch.length; row++) {
          const isDelete = change === "upsert" && diffAt(batch, row) < 0;
          const reason = isDelete ? undefined : faultOf(batch, row);
          if (reason !== undefined) context.reject(batch, row, reason);
          verdicts[row] = reason === undefined ? KEEP : REFUSED;
        }
        keeper.hand(batch, out);
        return "done";
      },
    };
  });
}
