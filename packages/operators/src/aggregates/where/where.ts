import type { AggregateSpec, RowCondition } from "@df/core";

/**
 * The aggregate over the rows that a condition holds for. Its result is null where there are none, but for a count,
 * which is 0. Of rows that can be taken back, each half is tested for itself.
 */
export function where(condition: RowCondition, spec: AggregateSpec): AggregateSpec {
  return {
    ...spec,
    where: condition,
    output: (input, name) => {
      const field = spec.output(input, name);
      // Without a column it counts rows, and there is a number of rows always.
      return spec.column === undefined ? field : { ...field, nullable: true };
    },
  };
}
