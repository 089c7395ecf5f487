import type { Answer, Elsewhere, Polled, Position, SplitReader } from "../connector.ts";
import type { Schema } from "../schema/schema.ts";
import { heardError } from "../thread-errors.ts";
import type { DecodeReply } from "./decode-messages.ts";
import type { DecodeThread, Listener } from "./decode-thread.ts";
import { openParcel, type Parcel } from "./parcel.ts";

/** Polls that a split is asked for beyond the one that is waited for. */
const AHEAD_MAX = 2;

/** Memory of rows that were decoded and are not done with, in bytes, of all readers of a run together. */
export interface Backlog {
  bytes: number;
  /** From here on nothing is decoded before it is waited for. */
  readonly bytesMax: number;
}

/** What a reader of a split on another thread is made of. */
export interface RemoteReaderParts {
  readonly thread: Pick<DecodeThread, "open" | "poll" | "close" | "receive">;
  readonly elsewhere: Elsewhere;
  /** The columns that it reads. */
  readonly schema: Schema;
  readonly backlog: Backlog;
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Reads a split that another thread decodes. While rows come it asks for more than was polled, so that they are at
 * hand; where there are none at the moment it asks only when it is polled. Polls ask for equally many rows.
 */
export class RemoteReader implements SplitReader, Listener {
  readonly #parts: RemoteReaderParts;
  readonly #reader: number;
  /** Answers that nobody has polled yet: rows, and errors behind them. */
  readonly #ready: (Parcel | Error)[] = [];
  /** The rows that were polled last. */
  #polled: Parcel | undefined;
  /** Polls that were asked for and are not answered. */
  #asked = 0;
  #flows = false;
  #waiting: Waiting | undefined;
  #closing: PromiseWithResolvers<void> | undefined;
  #lost: Error | undefined;

  constructor(parts: RemoteReaderParts, position: Position | undefined) {
    this.#parts = parts;
    this.#reader = parts.thread.open(parts.elsewhere, position, this);
  }

  poll(rowsMax: number): Answer | Promise<Answer> {
    const { thread, backlog } = this.#parts;
    if (this.#ready.length === 0) thread.receive();
    const spare = this.#done();
    const ready = this.#ready.shift();
    const ahead = this.#flows && backlog.bytes < backlog.bytesMax ? AHEAD_MAX : 0;
    this.#ask(rowsMax, ahead + (ready === undefined ? 1 : 0), spare);
    if (ready instanceof Error) return Promise.reject(ready);
    if (ready !== undefined) return this.#open(ready);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.#lost !== undefined) this.lost(this.#lost);
    });
  }

  heard(reply: DecodeReply): void {
    if (reply.kind === "closed") {
      if (reply.error === undefined) this.#closing?.resolve();
      else this.#closing?.reject(heardError(reply.error));
      return;
    }
    // Of what was asked for ahead nobody wants to know any more.
    if (this.#closing !== undefined) return;
    this.#asked--;
    this.#flows = reply.kind === "rows";
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (reply.kind === "rows") {
      this.#parts.backlog.bytes += reply.parcel.buffer.byteLength;
      if (waiting === undefined) this.#ready.push(reply.parcel);
      else waiting.resolve(this.#open(reply.parcel));
    } else if (reply.kind === "error") {
      const error = heardError(reply.error);
      if (waiting === undefined) this.#ready.push(error);
      else waiting.reject(error);
    } else {
      // What nobody waited for is out of date when somebody does.
      waiting?.resolve(reply.kind);
    }
  }

  lost(error: Error): void {
    this.#lost = error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
    this.#closing?.resolve();
  }

  async close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#closing = Promise.withResolvers();
      this.#done();
      for (const ready of this.#ready.splice(0))
        if (!(ready instanceof Error)) this.#parts.backlog.bytes -= ready.buffer.byteLength;
      this.#parts.thread.close(this.#reader);
    }
    await this.#closing.promise;
  }

  /** Has so many polls on their way or answered. */
  #ask(rowsMax: number, wanted: number, spare: ArrayBuffer | undefined): void {
    let given = spare;
    while (this.#asked + this.#ready.length < wanted && this.#lost === undefined) {
      this.#asked++;
      this.#parts.thread.poll(this.#reader, rowsMax, given);
      given = undefined;
    }
  }

  #open(parcel: Parcel): Polled {
    this.#polled = parcel;
    return openParcel(parcel, this.#parts.schema);
  }

  /** Takes the memory of the rows that were polled last, with which nobody works any more. */
  #done(): ArrayBuffer | undefined {
    const spare = this.#polled?.buffer;
    this.#polled = undefined;
    this.#parts.backlog.bytes -= spare?.byteLength ?? 0;
    return spare;
  }
}
