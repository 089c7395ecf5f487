import { DataflowError, reasonOf } from "@df/core";
import { Patience, type Arrivals } from "./arrivals.ts";

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

  async take(rowsMax: number): Promise<readonly unknown[] | "end"> {
    const rows: unknown[] = [];
    this.#patience.begin();
    if (this.#stopped) this.#patience.shorten();
    while (rows.length < rowsMax && this.#last === undefined) {
      this.#ask();
      const given = this.#given;
      this.#given = undefined;
      if (given === undefined) {
        if (this.#patience.over || (this.#stopped && !this.#asked)) break;
        await this.#patience.wait();
      } else if (given === "end" || "error" in given) this.#last = given;
      else if (rows.push(given.row) === 1) this.#patience.shorten();
    }
    this.#patience.finish();
    this.#rows += rows.length;
    if (rows.length > 0 || this.#last === undefined) return rows;
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
    const returned = this.#iterator.return?.();
    if (!(returned instanceof Promise)) return;
    // A generator that waits for its next row ends after that row, which may never come.
    if (this.#asked) returned.catch(() => {});
    else await returned;
  }

  /** Asks for the next row, unless one is on its way or waits. */
  #ask(): void {
    if (this.#asked || this.#given !== undefined || this.#stopped) return;
    this.#asked = true;
    try {
      const next = this.#iterator.next();
      if ("then" in next)
        next.then(
          (result) => this.#came(result),
          (error: unknown) => this.#failed(error),
        );
      else this.#came(next);
    } catch (error) {
      this.#failed(error);
    }
  }

  #came(result: IteratorResult<unknown>): void {
    this.#give(result.done === true ? "end" : { row: result.value });
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
