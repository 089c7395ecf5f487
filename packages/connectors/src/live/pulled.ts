import { DataflowError, reasonOf } from "@df/core";
import { type Arrivals, leavingFailed, Patience } from "./arrivals.ts";

/** An iterator of either kind. */
export type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/** What was made of one call of `next`. */
type Given = { readonly row: unknown } | { readonly error: unknown } | "end";

/** Rows of an iterator: the next one is asked for when there is room for it, so a slow pipeline slows it down. */
export class Pulled implements Arrivals {
  readonly #what: string;
  readonly #iterator: AnyIterator;
  readonly #patience = new Patience();
  /** A row was asked for and has not come. */
  #asked = false;
  /** What has come and was not taken. */
  #given: Given | undefined;
  /** How it came to its end. */
  #last: Exclude<Given, { readonly row: unknown }> | undefined;
  #rows = 0;
  #stopped = false;

  /** `what` names the source where the iterator throws: "fromIterable()". */
  constructor(what: string, iterator: AnyIterator) {
    this.#what = what;
    this.#iterator = iterator;
  }

  async take(rowsMax: number, each: (row: unknown) => void): Promise<number | "end"> {
    let rows = 0;
    this.#patience.begin();
    if (this.#stopped) this.#patience.shorten();
    while (rows < rowsMax && this.#last === undefined) {
      this.#ask();
      const given = this.#given;
      this.#given = undefined;
      if (given === undefined) {
        if (this.#patience.over || (this.#stopped && !this.#asked)) break;
        await this.#patience.wait();
      } else if (given === "end" || "error" in given) this.#last = given;
      else {
        each(given.row);
        if (++rows === 1) this.#patience.shorten();
      }
    }
    this.#patience.finish();
    this.#rows += rows;
    if (rows > 0 || this.#last === undefined) return rows;
    if (this.#last === "end") return "end";
    const { error } = this.#last;
    throw new DataflowError(
      "DF_SOURCE_FAILED",
      `${this.#what} failed after ${this.#rows} rows of this run: ${reasonOf(error)}`,
      { cause: error },
    );
  }

  stop(): void {
    this.#stopped = true;
    this.#patience.shorten();
  }

  async close(): Promise<void> {
    if (this.#last !== undefined) return;
    // A generator that waits for its next row ends after that row, which may never come.
    if (this.#asked) this.#leave().catch(() => {});
    else await this.#leave();
  }

  async #leave(): Promise<void> {
    try {
      await this.#iterator.return?.();
    } catch (error) {
      throw leavingFailed(this.#what, error);
    }
  }

  /** Asks for the next row, unless one is on its way or waits. */
  #ask(): void {
    if (this.#asked || this.#given !== undefined || this.#stopped) return;
    this.#asked = true;
    try {
      const next: unknown = this.#iterator.next();
      if (isPromise(next))
        next.then(
          (result) => this.#came(result),
          (error: unknown) => this.#failed(error),
        );
      else this.#came(next);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** An iterator need not be a generator: what it gives may be anything, and reading it may throw. */
  #came(result: unknown): void {
    let given: Given;
    try {
      given = givenIn(result);
    } catch (error) {
      given = { error };
    }
    this.#give(given);
  }

  #failed(error: unknown): void {
    this.#give({ error });
  }

  #give(given: Given): void {
    this.#asked = false;
    this.#given = given;
    this.#patience.ring();
  }
}

function isPromise(next: unknown): next is PromiseLike<unknown> {
  return typeof next === "object" && next !== null && "then" in next;
}

function givenIn(result: unknown): Given {
  if (typeof result !== "object" || result === null) {
    throw new TypeError(`next() of its iterator gave ${String(result)} instead of { value, done }`);
  }
  const given = result as IteratorResult<unknown>;
  return given.done === true ? "end" : { row: given.value };
}
