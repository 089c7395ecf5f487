import { assert } from "../assert.ts";
import type { Epoch } from "../stream.ts";
import type { EpochParts } from "./epoch-parts.ts";
import type { EpochPart } from "./shard-messages.ts";
import type { ShardThreads } from "./shard-threads.ts";

/** The barrier that travels through all shards, and what they contribute to its epoch. */
export class Barrier {
  readonly #here: EpochParts;
  readonly #threads: ShardThreads;
  #epoch: Epoch | undefined;
  #own: EpochPart | undefined;

  constructor(here: EpochParts, threads: ShardThreads) {
    this.#here = here;
    this.#threads = threads;
  }

  /** Whether one is on its way. */
  get running(): boolean {
    return this.#epoch !== undefined;
  }

  /** Sends the barrier of an epoch through all shards. */
  begin(epoch: Epoch): void {
    assert(this.#epoch === undefined, "one barrier at a time");
    this.#epoch = epoch;
    this.#threads.order({ kind: "barrier", epoch });
    this.#here.begin(epoch);
  }

  /** The parts of all threads, once every node has passed it; undefined before. */
  take(): { readonly epoch: Epoch; readonly parts: readonly EpochPart[] } | undefined {
    if (this.#epoch === undefined) return undefined;
    this.#own ??= this.#here.take();
    const others = this.#own === undefined ? undefined : this.#threads.takeParts();
    if (this.#own === undefined || others === undefined) return undefined;
    const whole = { epoch: this.#epoch, parts: [this.#own, ...others] };
    this.#epoch = undefined;
    this.#own = undefined;
    return whole;
  }
}
