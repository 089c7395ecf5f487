import { join, resolve } from "node:path";
import { checkNode } from "@df/core/checkpoint/node-api";
import {
  adopt as adoptPlan,
  type AdoptOptions as PlanOptions,
  type AdoptReport,
} from "@df/core/runtime/adopt";
import { CONNECTORS } from "./connectors.ts";
import type { BuiltPlan } from "./pipeline-types.ts";

/** Which state is brought to its targets, and from where. */
export interface AdoptOptions extends Pick<
  PlanOptions,
  "from" | "parallelism" | "stateBudget" | "unsafeStateFs"
> {
  /** Where the state lies, or is made. Default `.dataflow/<name of the pipeline>` below `directory`. */
  readonly stateDirectory?: string | undefined;
  /** What relative paths start from, those of sources and sinks too. Default: the working directory. */
  readonly directory?: string | undefined;
}

/**
 * Brings a state that is older than its targets, or none at all, to where they are: reads the sources again up to
 * there, shows nothing of it, and goes on only where each target has exactly what came of it.
 * @throws DataflowError for every refusal; nothing is ever written to a target
 */
export async function adopt(plan: BuiltPlan, options: AdoptOptions = {}): Promise<AdoptReport> {
  checkNode(process.versions);
  const directory = resolve(options.directory ?? ".");
  const { from } = options;
  return adoptPlan(plan, {
    ...options,
    directory,
    stateDirectory: resolve(directory, options.stateDirectory ?? join(".dataflow", plan.name)),
    from: from === undefined ? undefined : resolve(directory, from),
    connectors: CONNECTORS,
  });
}
