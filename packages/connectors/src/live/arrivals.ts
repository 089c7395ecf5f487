import { DataflowError, reasonOf } from "@df/core";

/** Milliseconds that a split which has nothing waits for a row before it says so. */
const ARRIVAL_WAIT_MS = 250;

/** Rows that come from outside, each once, in their order. Used by one caller at a time. */
export interface Arrivals {
  /**
   * Gives up to `rowsMax` rows to `each`, those that are at hand, and says how many; none after a quarter of a second
   * without one, and at once for a `rowsMax` of 0. "end" when none will come. An iterator is asked for the next row
   * when `each` has the one before: it may be the same object, written anew.
   * @throws what the origin of the rows threw, after the rows that it gave before
   */
  take(rowsMax: number, each: (row: unknown) => void): Promise<number | "end">;
  /** Asks for nothing more: what has been given is still there to take, and nobody waits for more. */
  stop(): void;
  close(): Promise<void>;
}

/** The refusal of an origin that throws when it is asked for no more: `return()`, an unsubscription. */
export function leavingFailed(what: string, cause: unknown): DataflowError {
  return new DataflowError(
    "DF_SOURCE_FAILED",
    `${what} failed when it was left: ${reasonOf(cause)}. The rows that it gave before were taken.`,
    { cause },
  );
}

/** The waiting of one `take` after the other: for a row, for a time, for what is left of this turn of the event loop. */
export class Patience {
  #timer: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;
  #ring: (() => void) | undefined;
  /** Whether nobody should wait any more. */
  over = false;

  /** A `take` begins. */
  begin(): void {
    this.over = false;
    this.#timer = setTimeout(() => this.#end(), ARRIVAL_WAIT_MS);
  }

  /** From now on only as long as others that are ready go on. */
  shorten(): void {
    clearTimeout(this.#timer);
    this.#turn ??= setImmediate(() => this.#end());
  }

  /** Something has come. */
  ring(): void {
    this.#ring?.();
  }

  /** Resolves when something has come, or when it is over. */
  async wait(): Promise<void> {
    if (this.over) return;
    await new Promise<void>((resolve) => {
      this.#ring = resolve;
    });
    this.#ring = undefined;
  }

  /** A `take` ends. */
  finish(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
    this.#turn = undefined;
  }

  #end(): void {
    this.over = true;
    this.ring();
  }
}
