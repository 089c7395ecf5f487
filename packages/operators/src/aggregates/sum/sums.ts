/** Aggregates over the exact sum and number of the values of a group; what they make of these is the caller's. */
import { DataflowError, type Aggregate, type Column, type ColumnBuilder } from "@df/core";
import type { ExactSums } from "@df/core/aggregate/exact-sum";
import type { WholeSums } from "./whole-sums.ts";

/** Appends the result of a row that has values. */
export type AppendResult = (row: number, into: ColumnBuilder) => void;

/** An aggregate over float64 values. */
export function overDoubles(sums: ExactSums, append: AppendResult): Aggregate {
  return {
    fold(rows, input, source, count, diffs) {
      if (input?.layout !== "double") throw wrongLayout(input);
      sums.fold(rows, input, source, { count, diffs });
    },
    ...resultOf(sums, append),
  };
}

/** An aggregate over int32 and int64 values and unscaled decimals. */
export function overWholes(sums: WholeSums, append: AppendResult): Aggregate {
  return {
    fold(rows, input, source, count, diffs) {
      if (input?.layout !== "int" && input?.layout !== "long") throw wrongLayout(input);
      sums.fold(input, { rows, source, count, diffs });
    },
    ...resultOf(sums, append),
  };
}

function resultOf(
  sums: ExactSums | WholeSums,
  append: AppendResult,
): Required<Pick<Aggregate, "result" | "merge">> {
  return {
    result(rows, count, into) {
      for (let i = 0; i < count; i++) {
        const row = rows[i] as number;
        if (sums.count(row) === 0) into.null();
        else append(row, into);
      }
    },
    merge(into, from, count) {
      for (let i = 0; i < count; i++) sums.merge(into[i] as number, from[i] as number);
    },
  };
}

/** The error for a batch that does not match its schema. */
function wrongLayout(input: Column | undefined): DataflowError {
  return new DataflowError(
    "DF_BUG",
    `This is a bug in dataflow: an aggregate was given ${input?.layout} values`,
  );
}
