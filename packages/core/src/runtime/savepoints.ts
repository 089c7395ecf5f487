import type { Savepoint, SavepointRequest } from "../checkpoint/savepoint.ts";
import { DataflowError } from "../error.ts";
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
  /** Asks for savepoints by itself. */
  readonly history: StateHistory | undefined;
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

  /** Asks for what the history wants to keep; `epoch` and `isEnd` as `StateHistory.due` has them. */
  keepHistory(epoch: Epoch, isEnd: boolean): void {
    const { history, failed } = this.#host;
    const request = history?.due(epoch, isEnd);
    if (request === undefined) return;
    this.#keeping = this.ask(request)
      .then(() => history?.tidy())
      .catch(failed);
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

function ended(): DataflowError {
  return new DataflowError(
    "DF_RUN_ENDED",
    "The run has ended before the savepoint was taken. Take it of the stopped pipeline: ask again.",
  );
}
