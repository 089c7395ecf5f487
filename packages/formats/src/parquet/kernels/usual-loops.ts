import { PLAIN_LOOPS } from "../loops.ts";
import type { ChunkLoops } from "../loops.ts";
import { kernelLoops } from "./kernel-loops.ts";

/** Rows that are as dear to encode without kernels as it is to make these. */
const ROWS_MIN = 4096;

let rowsSoFar = 0;
let kernels: ChunkLoops | undefined;

/** The loops that pay for so many rows more on this thread. */
export function usualLoops(rows: number): ChunkLoops {
  if (rowsSoFar < ROWS_MIN && (rowsSoFar += rows) < ROWS_MIN) return PLAIN_LOOPS;
  kernels ??= kernelLoops() ?? PLAIN_LOOPS;
  return kernels;
}
