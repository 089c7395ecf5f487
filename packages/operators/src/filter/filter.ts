import {
  diffAt,
  type Batch,
  type Operator,
  type OperatorContext,
  type OperatorSpec,
  type RowCondition,
} from "@df/core";
import { rowTest } from "../stateless/condition.ts";
import { DROP, KEEP, REFUSED, RowKeeper } from "../stateless/keep-rows.ts";
import { only, passing, runEach, runRows, type RowRun } from "../stateless/stateless.ts";

/**
 * Hands on the rows that a condition holds for. On an upsert stream a row that does not match becomes a delete of its
 * key, and deletes pass without a call of the condition; on a retract stream both halves of an update are tested.
 */
export function filter(condition: RowCondition): OperatorSpec {
  return passing("filter", condition.columns, (context) => openFilter(context, condition));
}

function openFilter(context: OperatorContext, condition: RowCondition): Operator {
  const { schema, change } = only(context.inputs);
  const holds = rowTest(schema, condition, context.generate);
  const keeper = new RowKeeper(context);
  const { verdicts } = keeper;
  const oneByOne = (batch: Batch): RowRun => ({
    begin: () => verdicts.fill(REFUSED),
    row: (row) => {
      const isDelete = change === "upsert" && diffAt(batch, row) < 0;
      verdicts[row] = isDelete || holds.row(batch, row) ? KEEP : DROP;
    },
  });
  return {
    onBatch(batch, _port, out) {
      if (change === "upsert") runRows(context, batch, oneByOne(batch));
      else {
        try {
          holds.all(batch, verdicts);
        } catch {
          runEach(context, batch, oneByOne(batch));
        }
      }
      keeper.hand(batch, out);
      return "done";
    },
  };
}
