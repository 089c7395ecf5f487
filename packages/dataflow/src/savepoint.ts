import { resolve } from "node:path";
import { checkNode } from "@df/core/checkpoint/node-api";
import { checkSavepointName, type Savepoint } from "@df/core/checkpoint/savepoint";
import { askSavepoint } from "@df/core/runtime/control-socket";
import { savepointStopped } from "@df/core/runtime/savepoint-stopped";
import { CONNECTORS } from "./connectors.ts";

/** Which state is kept, and under what name. */
export interface SavepointOptions {
  /** Where the pipeline's state lies: `.dataflow/<name of the pipeline>`. */
  readonly stateDirectory: string;
  /** Letters, digits, ".", "_" and "-". Default: the time, such as 2026-05-01T08-30-00Z. */
  readonly name?: string | undefined;
  /** What relative paths of sinks start from: where the pipeline runs. Default: the working directory. */
  readonly directory?: string | undefined;
}

/**
 * Keeps the state of a pipeline as it is now, in `savepoints/NAME` of its directory: of one that runs, in any process,
 * after a checkpoint and the delivery of all it holds; of one that does not run, after what it has left to deliver.
 * @throws DataflowError for every refusal
 */
export async function takeSavepoint(options: SavepointOptions): Promise<Savepoint> {
  checkNode(process.versions);
  const directory = resolve(options.directory ?? ".");
  const stateDirectory = resolve(directory, options.stateDirectory);
  const created = new Date().toISOString();
  const name = options.name ?? created.replace(/\.\d+/, "").replaceAll(":", "-");
  checkSavepointName(name);
  const request = { name, created };
  return (
    (await askSavepoint(stateDirectory, request)) ??
    (await savepointStopped(request, { stateDirectory, directory, connectors: CONNECTORS }))
  );
}
