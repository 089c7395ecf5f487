import type { BuiltPlan, PipelineDefinition } from "dataflow";
import { resolveParams, withWayOn } from "./config/resolve-params.ts";
import type { Resolved } from "./config/resolve-settings.ts";
import { ofFile } from "./exit.ts";
import { loadPipelines } from "./load.ts";

/** The plans of all pipelines of a file, for a command. */
export function plansOf(file: string, resolved: Resolved): Promise<readonly BuiltPlan[]> {
  return ofFile(async () => buildAll(await loadPipelines(file), resolved));
}

/** The plans of all pipelines, before any of them runs. Each is given the parameters it declares. */
export function buildAll(pipelines: readonly PipelineDefinition[], resolved: Resolved): readonly BuiltPlan[] {
  const given = resolveParams(pipelines, resolved);
  return pipelines.map((pipeline, index) =>
    withWayOn(() => pipeline.build(given[index]?.values, given[index]?.origins)),
  );
}
