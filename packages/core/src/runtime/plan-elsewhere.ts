/** The plan of a run on another thread: functions do not go over, so it is loaded there once more. */
import { DataflowError } from "../error.ts";
import { fingerprint, lambdaHashes } from "../plan/fingerprint.ts";
import type { Plan } from "../plan/plan.ts";
import { prune } from "../plan/prune.ts";

/** How another thread comes to the plan of a run. Plain data. */
export interface PlanElsewhere {
  /** The URL of a module that exports `loadPlan`. */
  readonly module: string;
  /** What that is given. */
  readonly given: unknown;
}

/** What such a module exports. */
export type LoadPlan<Given> = (given: Given) => Promise<Plan>;

/** How to come to the plan, and what that of the main thread has. */
export interface PlanAsOnMain {
  readonly plan: PlanElsewhere;
  readonly fingerprint: string;
  readonly lambdas: Readonly<Record<string, string>>;
}

/**
 * The plan, loaded once more. Its functions are others than those of the main thread, all else must be the same.
 * @throws DF_PLAN_DIFFERS
 */
export async function planElsewhere(work: PlanAsOnMain): Promise<Plan> {
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
