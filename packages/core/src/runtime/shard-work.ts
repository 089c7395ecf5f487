/** What a thread that has shards of a run is started with: plain data. */
import type { MessagePort } from "node:worker_threads";
import { DataflowError } from "../error.ts";
import { fingerprint, lambdaHashes } from "../plan/fingerprint.ts";
import type { Plan } from "../plan/plan.ts";
import { prune } from "../plan/prune.ts";
import type { CheckpointRecord } from "../checkpoint/records.ts";

/** How another thread comes to the plan of a run: functions do not go over. Plain data. */
export interface PlanElsewhere {
  /** The URL of a module that exports `loadPlan`. */
  readonly module: string;
  /** What that is given. */
  readonly given: unknown;
}

/** What such a module exports. */
export type LoadPlan<Given> = (given: Given) => Promise<Plan>;

/** See above. */
export interface ShardWork {
  /** The number of this thread, from 1. */
  readonly thread: number;
  /** The ways to the others, by their numbers; undefined at its own. */
  readonly ports: readonly (MessagePort | undefined)[];
  readonly shards: number;
  readonly plan: PlanElsewhere;
  /** What the plan of the main thread has. */
  readonly fingerprint: string;
  readonly lambdas: Readonly<Record<string, string>>;
  readonly restored: Pick<CheckpointRecord, "epoch" | "clocks"> | undefined;
  readonly migrating: readonly string[];
  readonly stateDirectory: string;
  /** For the state of its shards. */
  readonly budgetBytes: number;
  readonly decodeThreads: number;
  readonly generate: boolean;
  readonly follow: boolean;
  readonly aheadBytesMin: number | undefined;
}

/**
 * The plan, loaded once more. Its functions are others than those of the main thread, all else must be the same.
 * @throws DF_PLAN_DIFFERS
 */
export async function planElsewhere(work: ShardWork): Promise<Plan> {
  const { module, given } = work.plan;
  const { loadPlan } = (await import(module)) as { readonly loadPlan: LoadPlan<unknown> };
  const plan = prune(await loadPlan(given));
  const hashes = lambdaHashes(plan.lambdas ?? {});
  const changed = Object.keys(work.lambdas).filter((node) => hashes[node] !== work.lambdas[node]);
  if (fingerprint(plan) === work.fingerprint && changed.length === 0) return plan;
  const what = changed.length === 0 ? "" : ` (lambdas of ${changed.map((node) => `"${node}"`).join(", ")})`;
  throw new DataflowError(
    "DF_PLAN_DIFFERS",
    `Each thread of --parallelism loads the pipeline "${plan.name}" for itself, and it came out differently there${what}. Do not build it from the time of day, from random numbers or from a file that is being written; if it was edited just now, run it again. With --parallelism 1 it is loaded once.`,
  );
}
