import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { DataflowError, reasonOf } from "../error.ts";
import { carriersOf, givenAway } from "./given-away.ts";
import type { Checkpoint } from "./records.ts";
import type { SqliteState } from "./sqlite-state.ts";
import { STATE_METHODS, type StateFile } from "./state-file.ts";

/** @internal */
export interface StateRequest {
  readonly id: number;
  readonly method: keyof SqliteState;
  readonly given: readonly unknown[];
}

/** @internal */
export interface StateAnswer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?:
    | {
        /** Of our own errors without the code. */
        readonly words: string;
        readonly code: DataflowError["code"] | undefined;
        readonly stack: string | undefined;
      }
    | undefined;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

// The same line serves the sources (.ts, types stripped by Node) and the release (.js).
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";

/**
 * Opens the state of a pipeline on a thread of its own, so that a flush to disk does not stop the rows.
 * The first answer to any call carries the refusals of `SqliteState`.
 */
export function openStateThread(directory: string, pipeline: string): StateFile {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (cause) {
    throw new DataflowError(
      "DF_STATE_DIRECTORY",
      `The state directory ${directory} cannot be made: ${reasonOf(cause)}. Name another one with --state-dir.`,
      { cause },
    );
  }
  const worker = new Worker(new URL(`./state-worker.${extension}`, import.meta.url), {
    workerData: { file: join(directory, "state.sqlite"), pipeline },
  });
  const waiting = new Map<number, Waiting>();
  let failed: Error | undefined;
  let last = 0;
  const fail = (error: Error): void => {
    failed = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on("message", ({ id, value, error }: StateAnswer) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(value);
    else asked?.reject(errorOf(error));
  });
  worker.on("error", (error: Error) => fail(error));
  worker.on("exit", () => fail(new DataflowError("DF_STATE_CLOSED", "The state is closed.")));

  const call = (method: keyof SqliteState, given: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (failed !== undefined) return reject(failed);
      const id = ++last;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, method, given } satisfies StateRequest, carried(method, given));
    });
  const methods = STATE_METHODS.map((method) => [method, (...given: unknown[]) => call(method, given)]);
  return Object.fromEntries(methods) as StateFile;
}

/** What goes over to the thread: nobody reads a checkpoint here any more. */
function carried(method: keyof SqliteState, given: readonly unknown[]): ArrayBuffer[] {
  return method === "commit" ? givenAway(carriersOf(given[0] as Checkpoint)) : [];
}

function errorOf({ words, code, stack }: NonNullable<StateAnswer["error"]>): Error {
  return code === undefined ? Object.assign(new Error(words), { stack }) : new DataflowError(code, words);
}
