import { DataflowError } from "@df/core";

/** Which end of the order is kept. */
export type End = "min" | "max";

/** Holds that no row is taken back: what stood behind the extreme is not kept. @throws DF_RETRACTABLE */
export function refuseRetraction(end: End, diff: number): void {
  if (diff >= 0) return;
  throw new DataflowError(
    "DF_RETRACTABLE",
    `${end}() cannot take rows back, and was given a row with diff ${diff}. Use it on streams that only append.`,
  );
}
