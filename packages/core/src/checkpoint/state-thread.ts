import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { DataflowError, reasonOf } from "../error.ts";
import { carriersOf, expectGivingAway, givenAway } from "./given-away.ts";
import { makeDirectory } from "./make-directory.ts";
import { STATE_METHODS, type StateFile } from "./state-file.ts";
import { callerOf } from "./thread-calls.ts";

// The same line serves the sources (.ts, types stripped by Node) and the release (.js).
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";

/**
 * Opens the state of a pipeline on a thread of its own, so that a flush to disk does not stop the rows.
 * The first answer to any call carries the refusals of `SqliteState`.
 */
export function openStateThread(directory: string, pipeline: string): StateFile {
  try {
    makeDirectory(directory);
  } catch (cause) {
    throw new DataflowError(
      "DF_STATE_DIRECTORY",
      `The state directory ${directory} cannot be made: ${reasonOf(cause)}. Name another one with --state-dir.`,
      { cause },
    );
  }
  expectGivingAway();
  const worker = new Worker(new URL(`./state-worker.${extension}`, import.meta.url), {
    workerData: { file: join(directory, "state.sqlite"), pipeline },
  });
  const call = callerOf(worker, new DataflowError("DF_STATE_CLOSED", "The state is closed."));
  const methods = STATE_METHODS.map((method) => [
    method,
    (...given: unknown[]) => call(method, given, givenAway(carriersOf(method, given))),
  ]);
  return Object.fromEntries(methods) as StateFile;
}
