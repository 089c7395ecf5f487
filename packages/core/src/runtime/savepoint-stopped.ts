import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkSavepointName, type Savepoint, type SavepointRequest } from "../checkpoint/savepoint.ts";
import { openStateThread } from "../checkpoint/state-thread.ts";
import { readStoredState } from "../checkpoint/stored-state.ts";
import { DataflowError } from "../error.ts";
import { deliverHeld, finishIntents, refuseUnfinished } from "./decided.ts";
import type { Connectors } from "./delivery.ts";

/** Whose state is copied, and what its targets are reached by. */
interface Stopped {
  readonly stateDirectory: string;
  /** What relative paths of targets start from: where the pipeline runs. */
  readonly directory: string;
  readonly connectors: Connectors;
}

/**
 * Takes a savepoint of a pipeline that is not running: shows what its sinks hold, as the next run would, then copies
 * its state.
 * @throws DF_NO_STATE, DF_ALREADY_RUNNING, DF_SAVEPOINT_UNDELIVERED, and as a run and `writeSavepoint`
 */
export async function savepointStopped(
  request: SavepointRequest,
  { stateDirectory, directory, connectors }: Stopped,
): Promise<Savepoint> {
  checkSavepointName(request.name);
  const file = join(stateDirectory, "state.sqlite");
  if (!existsSync(file)) {
    throw new DataflowError("DF_NO_STATE", `There is no state of a pipeline in ${stateDirectory}.`);
  }
  const state = openStateThread(stateDirectory, readStoredState(file).pipeline);
  try {
    const identity = await state.identity();
    refuseUnfinished(identity);
    const onStep = (): Promise<void> => Promise.resolve();
    const codeOf = (): undefined => undefined;
    const host = { state, identity, connectors, directory, codeOf, onStep, onShown: () => {} };
    await finishIntents(host);
    await deliverHeld(await state.sinks(), await state.lastCheckpoint(), host);
    return await state.savepoint(request);
  } catch (thrown) {
    throw needsRun(thrown);
  } finally {
    await state.close().catch(() => undefined);
  }
}

/** What only code of the pipeline can show, nobody can show without it. */
function needsRun(thrown: unknown): unknown {
  if (!(thrown instanceof DataflowError) || thrown.code !== "DF_CALLBACK_GONE") return thrown;
  return new DataflowError(
    "DF_SAVEPOINT_UNDELIVERED",
    `The state holds rows that only a callback of the pipeline can take, and a savepoint holds none: run the pipeline until it ends or is stopped (Ctrl-C), or ask for the savepoint while it runs.`,
    { cause: thrown },
  );
}
