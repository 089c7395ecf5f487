import { setTimeout } from "node:timers/promises";
import { BATCH_ROWS_MAX, BEGINNING, type Polled, type Schema, type SplitReader } from "@df/core";
import type { InboxRecord } from "./inbox-file.ts";
import { type InboxLog, recordsOf } from "./inbox-log.ts";
import { refusedRecord } from "./inbox-reader.ts";

/** Milliseconds until a source that had nothing, or a full inbox, is asked again. */
const ASK_AGAIN_MS = 20;

/** Takes the rows of a source into an inbox, as long as that has room. */
export class Intake {
  readonly #reader: SplitReader;
  readonly #schema: Schema;
  readonly #log: InboxLog;
  readonly #running: Promise<void>;
  /** Records that were taken from the source and are not known to be stored. */
  #unstored: readonly InboxRecord[] = [];
  #ended = false;
  #stopped = false;
  #failure: { readonly error: unknown; told: boolean } | undefined;

  constructor(reader: SplitReader, schema: Schema, log: InboxLog) {
    this.#reader = reader;
    this.#schema = schema;
    this.#log = log;
    this.#running = this.#run();
  }

  /** Whether all that the source will give is in the inbox. @throws what the source failed with */
  ended(): boolean {
    if (this.#failure === undefined) return this.#ended;
    this.#failure.told = true;
    throw this.#failure.error;
  }

  /**
   * Asks the source for nothing more, takes in what it has given, also above the budget, and leaves it.
   * @throws what went wrong and nobody has been told
   */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#reader.stop?.();
    await this.#running;
    await this.#reader.close();
    if (this.#failure?.told === false) throw this.#failure.error;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#ended) {
        // A source that cannot wait says so although it is asked for nothing.
        const full = !this.#stopped && !this.#log.hasRoom;
        const polled = await this.#reader.poll(full ? 0 : BATCH_ROWS_MAX);
        if (polled === "end") this.#ended = true;
        else if (polled !== "idle") await this.#store(this.#recordsOf(polled));
        else if (this.#stopped) return;
        else await setTimeout(ASK_AGAIN_MS);
      }
    } catch (error) {
      await this.#rest();
      this.#failure = { error, told: false };
    }
    this.#log.announce();
  }

  async #store(records: readonly InboxRecord[]): Promise<void> {
    this.#unstored = records;
    await this.#log.store(records);
    this.#unstored = [];
  }

  /** What a source gave before it, or the inbox, failed is kept, with no row left out: nobody gives it again. */
  async #rest(): Promise<void> {
    this.#reader.stop?.();
    try {
      if (this.#unstored.length > 0) await this.#store(this.#unstored);
      for (;;) {
        const polled = await this.#reader.poll(BATCH_ROWS_MAX);
        if (typeof polled === "string") return;
        await this.#store(this.#recordsOf(polled));
      }
    } catch {
      // It has failed for good; why is known already.
    }
  }

  #recordsOf({ length, columns, invalid }: Polled): InboxRecord[] {
    const times = new Float64Array(length).fill(BEGINNING);
    const batch = {
      schema: this.#schema,
      length,
      columns,
      change: "append",
      times,
      clocks: BEGINNING,
    } as const;
    return [...(length > 0 ? recordsOf(batch) : []), ...(invalid.length > 0 ? [refusedRecord(invalid)] : [])];
  }
}
