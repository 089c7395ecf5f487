/** Runs pipelines into tables of their own: each run is one delivery. */
import { join } from "node:path";
import { committerFactory as delta } from "@df/connectors/delta/committer";
import { committerFactory as parquet } from "@df/connectors/parquet/committer";
import type { RunReport } from "@df/core/runtime/report";
import type { PipelineDefinition } from "dataflow";
import { newFolder } from "../command.ts";
import { runInMemory } from "../in-memory.ts";

/** A pipeline with its state and its table, in a folder of its own. */
export interface Delivering {
  /** Where the pipeline's `./table` lies. */
  readonly table: string;
  /** Shows what came since the last time: one commit. */
  deliver(): Promise<RunReport>;
}

/** Prepares a pipeline with a sink at `./table`. */
export function delivering(definition: PipelineDefinition): Delivering {
  const directory = newFolder("interop");
  const stateDirectory = join(directory, "state");
  return {
    table: join(directory, "table"),
    deliver: () => runInMemory(definition, { stateDirectory, directory, connectors: { delta, parquet } }),
  };
}

/** The version of its only table that a run has shown. */
export function shownVersion({ sinks }: RunReport): number {
  return Number(sinks[0]?.version);
}
