/** The state thread: owns the only SQLite connection and answers one request after another. */
import { parentPort, workerData } from "node:worker_threads";
import { DataflowError, reasonOf } from "../error.ts";
import { carriersOf, discard, givenAway } from "./given-away.ts";
import type { Checkpoint, HeldFrame } from "./records.ts";
import { SqliteState } from "./sqlite-state.ts";
import type { StateAnswer, StateRequest } from "./state-thread.ts";

const { file, pipeline } = workerData as { readonly file: string; readonly pipeline: string };
let state: SqliteState | undefined;

parentPort?.on("message", ({ id, method, given }: StateRequest) => {
  const answer = (text: Omit<StateAnswer, "id">, carried: readonly ArrayBuffer[] = []): void =>
    parentPort?.postMessage({ id, ...text }, carried);
  if (method === "close" && state === undefined) {
    // It could not be opened, or nobody asked: there is nothing to close but the thread.
    answer({});
    process.exit(0);
  }
  try {
    // Opened by the first request, so that a refusal reaches whoever asked.
    state ??= new SqliteState(file, pipeline);
    const call = state[method] as (...all: readonly unknown[]) => unknown;
    const value = call.apply(state, [...given]);
    if (method === "commit") discard(carriersOf(given[0] as Checkpoint));
    answer({ value }, method === "heldFrames" ? givenAway(value as HeldFrame[]) : []);
    if (method === "close") process.exit(0);
  } catch (thrown) {
    const own = thrown instanceof DataflowError ? thrown : undefined;
    answer({
      error: {
        words: own?.words ?? reasonOf(thrown),
        code: own?.code,
        stack: thrown instanceof Error ? thrown.stack : undefined,
      },
    });
  }
});
