import type { Savepoint, SavepointRequest } from "../checkpoint/savepoint.ts";
import { DataflowError, reasonOf } from "../error.ts";
import type { Epoch } from "../stream.ts";
import type { StateHistory } from "./state-history.ts";

interface Asked {
  readonly request: SavepointRequest;
  readonly done: PromiseWithResolvers<Savepoint>;
  /** A barrier has gone out since the question. */
  covered: boolean;
}

/** What savepoints need from their run. */
interface SavepointsHost {
  /** Delivers what is durable, then copies the state. */
  readonly copy: (request: SavepointRequest) => Promise<Savepoint>;
  /** Called when something has changed. */
  readonly wake: () => void;
  readonly failed: (error: unknown) => void;
  readonly onNotice: (notice: string) => void;
  /** Asks for savepoints by itself. */
  readonly history: Pick<StateHistory, "due" | "tidy"> | undefined;
}

/**
 * The savepoints that a run is asked for, one after the other: a checkpoint, the delivery of all that it holds, a copy
 * of the state. From the checkpoint to the copy no other checkpoint is begun; rows are read meanwhile.
 */
export class Savepoints {
  readonly #asked: Asked[] = [];
  readonly #host: SavepointsHost;
  /** What the history has asked for last, until those that are too many are gone. */
  #keeping: Promise<void> | undefined;
  #copying: Promise<void> | undefined;
  #ended = false;

  constructor(host: SavepointsHost) {
    this.#host = host;
  }

  /** Whether one was asked for and is not yet copied. */
  get waiting(): boolean {
    return this.#asked.length > 0;
  }

  /** Whether a copy is on its way: no checkpoint may be begun, and nothing else delivered. */
  get copying(): boolean {
    return this.#copying !== undefined;
  }

  ask(request: SavepointRequest): Promise<Savepoint> {
    if (this.#ended) return Promise.reject(ended());
    const done = Promise.withResolvers<Savepoint>();
    this.#asked.push({ request, done, covered: false });
    this.#host.wake();
    return done.promise;
  }

  /**
   * Asks for what the history wants to keep; `epoch` and `isEnd` as `StateHistory.due` has them. Nobody has asked for it at
   * this moment, so the run goes on without one that cannot be kept, and says so.
   */
  keepHistory(epoch: Epoch, isEnd: boolean): void {
    const { history, failed, onNotice } = this.#host;
    const request = history?.due(epoch, isEnd);
    if (request === undefined) return;
    this.#keeping = this.ask(request)
      .then(() => history?.tidy())
      .catch((error: unknown) => {
        if (error instanceof DataflowError && ENDING.has(error.code)) failed(error);
        else onNotice(notKept(request.name, error));
      });
  }

  /**
   * The next step for the first that waits, while no barrier is on its way: copies where the last checkpoint has all
   * that was read when it asked, or else says that a barrier has to go out.
   */
  step(hasNews: boolean): "copying" | "barrier" {
    const [first] = this.#asked;
    if (!hasNews || first?.covered === true) {
      this.#begin();
      return "copying";
    }
    if (first !== undefined) first.covered = true;
    return "barrier";
  }

  /** Resolves when no copy is on its way. */
  async settled(): Promise<void> {
    await this.#copying;
  }

  /** Copies for all that wait: the last checkpoint has all that was read. */
  async finish(): Promise<void> {
    while (this.#asked.length > 0) {
      this.#begin();
      await this.#copying;
    }
    await this.#keeping;
  }

  /** Nobody is answered any more: the run has ended. */
  end(): void {
    this.#ended = true;
    for (const { done } of this.#asked.splice(0)) done.reject(ended());
  }

  #begin(): void {
    const asked = this.#asked.shift();
    if (asked === undefined) return;
    this.#copying = this.#host
      .copy(asked.request)
      .then(asked.done.resolve, asked.done.reject)
      .finally(() => {
        this.#copying = undefined;
        this.#host.wake();
      });
  }
}

/** What ends a run also where it was found out by a savepoint: it has ended, its state is that of another process. */
const ENDING: ReadonlySet<string> = new Set(["DF_RUN_ENDED", "DF_FENCED", "DF_BUG"]);

function notKept(name: string, error: unknown): string {
  return `The savepoint "${name}" of stateHistory was not kept, or older ones not removed: ${reasonOf(error).replace(/\.+$/, "")}. The run goes on without it; the next one is tried when it is due.`;
}

function ended(): DataflowError {
  return new DataflowError(
    "DF_RUN_ENDED",
    "The run has ended before the savepoint was taken. Take it of the stopped pipeline: ask again.",
  );
}
