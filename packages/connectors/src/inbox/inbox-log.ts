import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import {
  BATCH_ROWS_MAX,
  columnIndex,
  DataflowError,
  fieldOf,
  reasonOf,
  typeName,
  type Batch,
  type Schema,
} from "@df/core";
import { encodeFrames } from "@df/core/batch/frame";
import { batchOf } from "@df/core/batch/rows";
import { makeDirectory } from "@df/core/checkpoint/make-directory";
import { callerOf, type Caller } from "@df/core/checkpoint/thread-calls";
import type { InboxExtent, InboxIdentity, InboxRecord, StoredRecord } from "./inbox-file.ts";

/** What an inbox keeps, and how much of it. */
export interface InboxLogOptions {
  readonly file: string;
  readonly schema: Schema;
  /** The column that tells events apart. */
  readonly id: string | undefined;
  readonly idsMax: number;
  /** Bytes of undelivered rows from which on it is full. */
  readonly budget: number;
}

interface Waiting {
  readonly records: readonly InboxRecord[];
  readonly resolve: (next: number) => void;
  readonly reject: (error: unknown) => void;
}

// The same line serves the sources (.ts, types stripped by Node) and the release (.js).
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";

/** An open inbox: rows are appended, read in the order of their numbers, and forgotten when they are delivered. */
export class InboxLog {
  readonly #call: Caller;
  readonly #options: InboxLogOptions;
  #extent: InboxExtent;
  /** What came while a commit ran: it shares the next one. */
  #waiting: Waiting[] = [];
  #committing = false;
  readonly #changed = new Set<() => void>();

  private constructor(options: InboxLogOptions, call: Caller, extent: InboxExtent) {
    this.#options = options;
    this.#call = call;
    this.#extent = extent;
  }

  /** Opens or creates the file, on a thread of its own. @throws as `InboxFile` does, DF_INBOX_DIRECTORY */
  static async open(options: InboxLogOptions): Promise<InboxLog> {
    const { file, schema, id, idsMax } = options;
    try {
      makeDirectory(dirname(file));
    } catch (cause) {
      throw new DataflowError(
        "DF_INBOX_DIRECTORY",
        `The directory of the inbox ${file} cannot be made: ${reasonOf(cause)}. Name another path.`,
        { cause },
      );
    }
    const idColumn = id === undefined ? undefined : columnIndex(schema, id);
    const identity: InboxIdentity = {
      columns: columnsText(schema),
      idColumn,
      id: id === undefined ? "" : `${id} ${typeName(fieldOf(schema, id).type)}`,
      idsMax,
    };
    const worker = new Worker(new URL(`./inbox-worker.${extension}`, import.meta.url), {
      workerData: { file, identity },
    });
    const call = callerOf(worker, new DataflowError("DF_INBOX_CLOSED", `The inbox ${file} is closed.`));
    try {
      return new InboxLog(options, call, (await call("extent", [])) as InboxExtent);
    } catch (thrown) {
      await call("close", []).catch(() => undefined);
      throw thrown;
    }
  }

  /** How far it goes, by the last answer of its thread. */
  get extent(): InboxExtent {
    return this.#extent;
  }

  /** Whether it takes more: undelivered rows are below the budget. */
  get hasRoom(): boolean {
    return this.#extent.bytes < this.#options.budget;
  }

  /**
   * Keeps rows as objects. Resolves when they are durable, to the number of the row behind the last one; rows whose id
   * is known are left out. Rows given while a commit runs share the next one.
   * @throws DF_VALUE when one does not fit, DF_INBOX_FULL, transient, at the budget; nothing of the call is kept then
   */
  async append(rows: readonly object[]): Promise<number> {
    const { file, budget, schema } = this.#options;
    if (!this.hasRoom) {
      throw new DataflowError(
        "DF_INBOX_FULL",
        `The inbox ${file} keeps ${this.#extent.bytes} bytes that are not delivered; its budget is ${budget}. Try again when sinks have delivered, or raise the budget.`,
        { transient: true },
      );
    }
    const batches: Batch[] = [];
    for (let at = 0; at < rows.length; at += BATCH_ROWS_MAX) {
      batches.push(batchOf(schema, rows.slice(at, at + BATCH_ROWS_MAX)));
    }
    return this.store(batches.flatMap((batch) => recordsOf(batch)));
  }

  /** Keeps records, also above the budget: for rows that have been taken already and cannot be given back. */
  store(records: readonly InboxRecord[]): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, resolve, reject });
      void this.#commit();
    });
  }

  /** The record that has the row of a number; undefined where that row is still to come. */
  async read(sequence: number): Promise<StoredRecord | undefined> {
    if (sequence >= this.#extent.next) return undefined;
    return (await this.#call("read", [sequence])) as StoredRecord | undefined;
  }

  /** Gives back what comes before a number. */
  async forget(before: number): Promise<void> {
    this.#took((await this.#call("forget", [before])) as InboxExtent);
  }

  /** Calls `heard` whenever rows have come or gone, or will come no more, until the function that it returns is called. */
  onChange(heard: () => void): () => void {
    this.#changed.add(heard);
    return () => this.#changed.delete(heard);
  }

  /** Lets those hear who wait for rows. */
  announce(): void {
    for (const heard of this.#changed) heard();
  }

  async close(): Promise<void> {
    await this.#call("close", []);
  }

  async #commit(): Promise<void> {
    if (this.#committing) return;
    this.#committing = true;
    while (this.#waiting.length > 0) {
      const sharing = this.#waiting.splice(0);
      try {
        const records = sharing.flatMap((each) => each.records);
        this.#took((await this.#call("append", [records])) as InboxExtent);
        for (const { resolve } of sharing) resolve(this.#extent.next);
      } catch (error) {
        for (const { reject } of sharing) reject(error);
      }
    }
    this.#committing = false;
  }

  #took(extent: InboxExtent): void {
    this.#extent = extent;
    this.announce();
  }
}

/** Rows as records: frames of their columns. */
export function recordsOf(batch: Batch): InboxRecord[] {
  return encodeFrames([batch]).map((bytes) => ({ kind: "rows", length: batch.length, bytes }));
}

/** The columns of an inbox, in the order of its schema: "id string, cents int64, note string?, size string (s, m)". */
function columnsText(schema: Schema): string {
  return schema.fields
    .map(({ name, type, nullable, optional }) => {
      const values =
        type.kind === "string" && type.values !== undefined ? ` (${type.values.join(", ")})` : "";
      return `${name} ${typeName(type)}${nullable || optional ? "?" : ""}${values}`;
    })
    .join(", ");
}
