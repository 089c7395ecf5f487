import { BATCH_ROWS_MAX } from "./batch.ts";

/** The rows of the longest batch, 0, 1, 2, …: for whoever takes row numbers, and all of them. Not to be written to. */
export const ALL_ROWS: Int32Array = Int32Array.from({ length: BATCH_ROWS_MAX }, (_, row) => row);
