import type { WallClock } from "./clock-port.ts";

/** Milliseconds of work between two turns of the event loop. */
const SLICE_MS = 4;

/** The work of a thread between two turns of its event loop. What takes longer goes on in the next one. */
export class Slice {
  readonly #clock: Pick<WallClock, "now" | "yield">;
  #end: number;

  constructor(clock: Pick<WallClock, "now" | "yield">) {
    this.#clock = clock;
    this.#end = clock.now() + SLICE_MS;
  }

  /** Whether the event loop waits for its turn. */
  readonly isOver = (): boolean => this.#clock.now() >= this.#end;

  /** Gives the event loop its turn, and begins the next slice. */
  async end(): Promise<void> {
    await this.#clock.yield();
    this.#end = this.#clock.now() + SLICE_MS;
  }
}
