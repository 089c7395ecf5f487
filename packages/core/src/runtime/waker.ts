import type { WallClock } from "./clock-port.ts";

/** Why a sleep ends early. Without a reason of ours each `abort()` makes an exception, stack and all. */
const WOKEN = "woken";

/** Sleeps that end when something happens; what has happened since the last one ends the next at once. */
export class Waker {
  #sleeping: AbortController | undefined;
  #woken = false;

  /** Something has happened. */
  readonly wake = (): void => {
    this.#woken = true;
    this.#sleeping?.abort(WOKEN);
  };

  /** Sleeps for so many milliseconds, or until something happens. */
  async sleep(clock: WallClock, ms: number): Promise<void> {
    if (!this.#woken) {
      this.#sleeping = new AbortController();
      await clock.sleep(ms, this.#sleeping.signal);
      this.#sleeping = undefined;
    }
    this.#woken = false;
  }
}
