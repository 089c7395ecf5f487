import { DataflowError, reasonOf } from "@df/core";
import { type Arrivals, leavingFailed, Patience } from "./arrivals.ts";

/** Hears what an origin has to say that does not wait to be asked. */
export interface Listener {
  /** Takes a row; false when it must give no more. */
  row(row: unknown): boolean;
  failed(error: unknown): void;
  ended(): void;
}

/** Where pushed rows come from, and how many may wait. */
export interface PushedOptions {
  /** Names the source in errors: "fromObservable()". */
  readonly what: string;
  readonly bufferMax: number;
  /** Begins to listen; what it returns ends that. */
  readonly listen: (listener: Listener) => () => void;
}

/** Rows that come whether there is room or not: they wait in a buffer, and its limit is the end of the run. */
export class Pushed implements Arrivals {
  readonly #options: PushedOptions;
  readonly #patience = new Patience();
  readonly #unsubscribe: () => void;
  #buffer: unknown[] = [];
  #failure: DataflowError | undefined;
  #ended = false;
  #stopped = false;
  /** What leaving the origin threw: told at the end, when the rows before it are taken. */
  #leaving: { readonly error: unknown } | undefined;

  constructor(options: PushedOptions) {
    this.#options = options;
    this.#unsubscribe = options.listen({
      row: (row) => this.#row(row),
      failed: (error) => this.#fail(`failed: ${reasonOf(error)}`, "DF_SOURCE_FAILED", error),
      ended: () => {
        this.#ended = true;
        this.#patience.ring();
      },
    });
  }

  async take(rowsMax: number, each: (row: unknown) => void): Promise<number | "end"> {
    if (rowsMax === 0 && this.#failure !== undefined) throw this.#failure;
    if (this.#isSilent() && rowsMax > 0 && !this.#stopped) {
      this.#patience.begin();
      await this.#patience.wait();
      this.#patience.finish();
    }
    const rows = this.#buffer.splice(0, rowsMax);
    for (const row of rows) each(row);
    if (rows.length > 0 || this.#buffer.length > 0) return rows.length;
    if (this.#failure !== undefined) throw this.#failure;
    return this.#ended ? "end" : 0;
  }

  stop(): void {
    this.#stopped = true;
    this.#leave();
    this.#patience.ring();
  }

  async close(): Promise<void> {
    this.#leave();
    if (this.#leaving !== undefined) throw leavingFailed(this.#options.what, this.#leaving.error);
  }

  #leave(): void {
    try {
      this.#unsubscribe();
    } catch (error) {
      this.#leaving ??= { error };
    }
  }

  #isSilent(): boolean {
    return this.#buffer.length === 0 && this.#failure === undefined && !this.#ended;
  }

  #row(row: unknown): boolean {
    if (this.#stopped || this.#failure !== undefined) return false;
    const { bufferMax } = this.#options;
    if (this.#buffer.length >= bufferMax) {
      this.#fail(
        `gives rows faster than they are taken: ${bufferMax} wait, which is its bufferMax, and one more came. Slow it down (throttleTime, sample, bufferTime), raise bufferMax, or let an inbox keep the rows: inbox(source, { path })`,
        "DF_BUFFER_FULL",
      );
      return false;
    }
    this.#buffer.push(row);
    this.#patience.ring();
    return true;
  }

  #fail(words: string, code: "DF_BUFFER_FULL" | "DF_SOURCE_FAILED", cause?: unknown): void {
    this.#failure = new DataflowError(code, `${this.#options.what} ${words}.`, { cause });
    this.#patience.ring();
  }
}
