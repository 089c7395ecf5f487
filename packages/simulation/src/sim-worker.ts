/** Runs the histories of every n-th seed, and tells of each. */
import { parentPort, workerData } from "node:worker_threads";
import type { History } from "./history.ts";
import { simulate } from "./simulation.ts";
import { Violation } from "./verdict.ts";

/** @internal */
export interface SimJob {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/** @internal */
export type SimMessage =
  | { readonly kind: "history"; readonly history: Omit<History, "trace"> }
  | { readonly kind: "violation"; readonly seed: number };

const { first, step, count } = workerData as SimJob;
for (let run = 0; run < count; run++) {
  const seed = first + run * step;
  try {
    const { trace: _, ...history } = await simulate(seed);
    parentPort?.postMessage({ kind: "history", history } satisfies SimMessage);
  } catch (thrown) {
    if (!(thrown instanceof Violation)) throw thrown;
    parentPort?.postMessage({ kind: "violation", seed } satisfies SimMessage);
  }
}
