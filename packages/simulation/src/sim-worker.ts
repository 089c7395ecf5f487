/** Runs histories of every n-th seed until enough lack nothing, then reads inputs in several ways; tells of each. */
import { parentPort, workerData } from "node:worker_threads";
import type { History } from "./history.ts";
import { compareWays } from "./metamorphic.ts";
import { simulate } from "./simulation.ts";
import { Violation } from "./verdict.ts";

/** @internal */
export interface SimJob {
  readonly first: number;
  readonly step: number;
  /** Histories that lack nothing, and seeds whose inputs are read. */
  readonly runs: number;
  readonly inputs: number;
  /** When no other history is begun, ms since 1970. */
  readonly untilMs: number;
}

/** @internal */
export type SimMessage =
  | { readonly kind: "history"; readonly history: Omit<History, "trace"> }
  | { readonly kind: "cases"; readonly count: number }
  | { readonly kind: "violation"; readonly seed: number };

/** Ways in which an input is read beside the first. */
const WAYS = 6;

const { first, step, runs, inputs, untilMs } = workerData as SimJob;
let whole = 0;
for (let seed = first; whole < runs && Date.now() < untilMs; seed += step) {
  try {
    const { trace: _, ...history } = await simulate(seed);
    if (history.lacks.length === 0) whole++;
    parentPort?.postMessage({ kind: "history", history } satisfies SimMessage);
  } catch (thrown) {
    if (!(thrown instanceof Violation)) throw thrown;
    parentPort?.postMessage({ kind: "violation", seed } satisfies SimMessage);
  }
  await turn();
}
// Contents that differ are no history: the error says of which seed, and ends the command.
for (let input = 0; input < inputs; input++) {
  const count = await compareWays(first + input * step, WAYS);
  parentPort?.postMessage({ kind: "cases", count } satisfies SimMessage);
  await turn();
}

/**
 * Lets the event loop turn, which nothing in a simulated world does: databases, statements and buffers that are garbage
 * give their memory back there alone, half a megabyte a history.
 */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
