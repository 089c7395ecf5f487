/** The plan of a pipeline file once more, for a thread that has shards of it: `run-command.ts` names this module. */
import { DataflowError } from "@df/core";
import type { LoadPlan, PlanElsewhere } from "@df/core/runtime/plan-elsewhere";
import { buildAll } from "./build.ts";
import { type Flags, resolveHere } from "./config/resolve-settings.ts";
import { loadPipelines } from "./load.ts";

/** Which pipeline is meant, and the options of the command: the configuration is read again, too. */
interface Given {
  readonly file: string;
  readonly name: string;
  readonly flags: Flags;
}

/** How another thread comes to the plan of a pipeline. */
export function planElsewhere(given: Given): PlanElsewhere {
  return { module: import.meta.url, given };
}

/** See `PlanElsewhere`. @throws DF_PLAN_DIFFERS, and what building it has thrown on the main thread */
export const loadPlan: LoadPlan<Given> = async ({ file, name, flags }) => {
  const plans = buildAll(await loadPipelines(file), await resolveHere(flags));
  const plan = plans.find((each) => each.name === name);
  if (plan !== undefined) return plan;
  throw new DataflowError(
    "DF_PLAN_DIFFERS",
    `${file} had a pipeline "${name}" a moment ago, and has none now. Run it again.`,
  );
};
