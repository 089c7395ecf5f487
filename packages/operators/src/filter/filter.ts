import { diffAt, type Batch, type Operator, type OperatorContext, type OperatorSpec } from "@df/core";
import { rowReader } from "@df/core/batch/rows";
import { DROP, KEEP, keepRows, REFUSED } from "../stateless/keep-rows.ts";
import { indexesOf, namesOf, only, runRows, STATELESS, type ReadColumns } from "../stateless/stateless.ts";

/** A condition and the columns it reads. */
export interface FilterOptions {
  /** The columns that `keep` reads. */
  readonly columns: ReadColumns;
  /** Whether the row stays. Anything but a boolean refuses the row, and so does a throw. */
  readonly keep: (row: Record<string, unknown>) => unknown;
}

/**
 * Hands on the rows that a condition holds for. On an upsert stream a row that does not match becomes a delete of its
 * key, and deletes pass without a call of the condition; on a retract stream both halves of an update are tested.
 */
export function filter({ columns, keep }: FilterOptions): OperatorSpec {
  return {
    ...STATELESS,
    name: "filter",
    options: { columns },
    outputs: (inputs) => {
      indexesOf(only(inputs).schema, columns);
      return inputs;
    },
    needs: ([wanted], inputs) => [new Set([...(wanted ?? []), ...namesOf(only(inputs), columns)])],
    open: (context) => openFilter(context, columns, keep),
  };
}

function openFilter(context: OperatorContext, columns: ReadColumns, keep: FilterOptions["keep"]): Operator {
  const { schema, change } = only(context.inputs);
  const read = rowReader(schema, indexesOf(schema, columns), context.generate);
  const test = (batch: Batch, row: number): number => {
    if (change === "upsert" && diffAt(batch, row) < 0) return KEEP;
    const answer = keep(read(batch, row));
    if (typeof answer !== "boolean")
      throw new TypeError(`The condition returned ${typeof answer}, not a boolean.`);
    return answer ? KEEP : DROP;
  };
  return {
    onBatch(batch, _port, out) {
      const verdicts = new Uint8Array(batch.length);
      runRows(context, batch, {
        begin: () => verdicts.fill(REFUSED),
        row: (row) => {
          verdicts[row] = test(batch, row);
        },
      });
      keepRows(context, batch, verdicts, out);
      return "done";
    },
  };
}
