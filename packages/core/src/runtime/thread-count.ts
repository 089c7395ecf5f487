import { availableParallelism } from "node:os";
import type { Plan } from "../plan/plan.ts";
import type { PlanElsewhere } from "./plan-elsewhere.ts";

/** The options of a run that its threads depend on: see `RunOptions`. */
interface ThreadOptions {
  readonly parallelism?: number | undefined;
  readonly decodeThreads?: number | undefined;
  readonly planElsewhere?: PlanElsewhere | undefined;
  readonly threadsMax?: number | undefined;
}

/** Sources that give rows of this process: a second thread would open the same connections once more. */
export function ownSources({ nodes }: Plan): string[] {
  return nodes.flatMap((node) =>
    node.kind === "source" && (node.spec.history === "none" || node.spec.history === "inbox")
      ? [node.id]
      : [],
  );
}

/** Threads that have shards, with the main one: one a shard, as far as there are cores for them. */
export function threadsOf(plan: Plan, { parallelism = 1, planElsewhere, threadsMax }: ThreadOptions): number {
  if (planElsewhere === undefined || ownSources(plan).length > 0) return 1;
  return Math.min(parallelism, threadsMax ?? availableParallelism());
}

/** The part of something that belongs to all shards which the main thread has for its own, and each of the others. */
export function partsOf(threads: number, { parallelism: shards = 1 }: ThreadOptions): number[] {
  return Array.from({ length: threads }, (_, thread) => Math.ceil((shards - thread) / threads) / shards);
}

/** Decode threads of each thread. */
export function decodeThreadsOf(threads: number, { decodeThreads = 0 }: ThreadOptions): number[] {
  return Array.from({ length: threads }, (_, thread) =>
    Math.max(0, Math.ceil((decodeThreads - thread) / threads)),
  );
}
