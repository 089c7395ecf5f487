import type { PlacedFrame } from "../checkpoint/records.ts";
import type { ShardThreads } from "./shard-threads.ts";
import type { SinkRows } from "./sink-rows.ts";

/** The rows that sinks have been given since the last barrier, on all threads together. */
export class AllSinkRows {
  readonly #here: SinkRows;
  readonly #threads: ShardThreads;

  constructor(here: SinkRows, threads: ShardThreads) {
    this.#here = here;
    this.#threads = threads;
  }

  /** Bytes that a sink holds since the last barrier; those of other threads as they said last. */
  bytesOf(sink: string): number {
    return this.#here.bytesOf(sink) + this.#threads.bytesOf(sink);
  }

  /** Bytes that the state does not have yet. */
  bytesInMemory(): number {
    return this.#here.bytesInMemory() + this.#threads.bytesInMemory();
  }

  /** Bytes that `takeFrames` gives. */
  untakenBytes(): number {
    return this.#here.untakenBytes() + this.#threads.untakenBytes();
  }

  /** Frames so far, ahead of the barrier. Not to be called while one is on its way. */
  takeFrames(): PlacedFrame[] {
    return [...this.#here.takeFrames(), ...this.#threads.takeFrames()];
  }
}
