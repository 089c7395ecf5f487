/** Runs pipelines into tables of their own: a delivery is shown before the next one begins. */
import { join } from "node:path";
import { committerFactory as delta } from "@df/connectors/delta/committer";
import { committerFactory as files } from "@df/connectors/files-sink/committer";
import { committerFactory as parquet } from "@df/connectors/parquet/committer";
import type { OnStep } from "@df/core/runtime/delivery";
import type { RunReport } from "@df/core/runtime/report";
import type { PipelineDefinition } from "dataflow";
import { newFolder } from "../command.ts";
import { runInMemory } from "../in-memory.ts";

/** A pipeline with its state and its table, in a folder of its own. */
export interface Delivering {
  /** Where the pipeline's `./table` lies. */
  readonly table: string;
  /** Runs to the end of what there is: one delivery. */
  readonly deliver: () => Promise<RunReport>;
  /**
   * Runs while `more` adds rows, one delivery each time; gives the version that each has shown. Faster than a run for
   * each.
   */
  readonly deliverEach: (times: number, more: () => void, onStep?: OnStep) => Promise<number[]>;
}

/**
 * Prepares a pipeline with a sink at `./table`, which commits whenever there is a row. A function is asked for it each
 * time it runs.
 */
export function delivering(given: PipelineDefinition | (() => PipelineDefinition)): Delivering {
  const definition = (): PipelineDefinition => (typeof given === "function" ? given() : given);
  const directory = newFolder("interop");
  const options = {
    stateDirectory: join(directory, "state"),
    unsafeStateFs: true,
    directory,
    connectors: { delta, files, parquet },
  };
  return {
    table: join(directory, "table"),
    deliver: () => runInMemory(definition(), options),
    deliverEach: async (times, more, onStep) => {
      const stop = new AbortController();
      const versions: number[] = [];
      more();
      await runInMemory(definition(), {
        ...options,
        follow: true,
        signal: stop.signal,
        onStep,
        onShown: ({ version }) => {
          versions.push(Number(version));
          if (versions.length < times) more();
          else stop.abort();
        },
      });
      return versions;
    },
  };
}
