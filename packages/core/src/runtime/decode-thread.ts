import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { Elsewhere, Position } from "../connector.ts";
import { lostThread } from "../thread-errors.ts";
import type { DecodeAnswer, DecodeReply, DecodeRequest } from "./decode-messages.ts";

/** Who is told what a thread answers, and that it answers no more. */
export interface Listener {
  heard(reply: DecodeReply): void;
  lost(error: Error): void;
}

// The same line serves the sources (.ts, types stripped by Node) and the release (.js).
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";

/** A thread that reads splits, as the run that has started it sees it. */
export class DecodeThread {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #listeners: Map<number, Listener> = new Map();
  /** Numbers of the sources that it knows, by what their splits have in common. */
  readonly #sources: Map<unknown, number> = new Map();
  #readers = 0;
  #lost: Error | undefined;

  /** @throws DF_THREAD where there can be no further thread */
  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on("message", (answer: DecodeAnswer) => this.#heard(answer));
    try {
      const file = new URL(`./decode-worker.${extension}`, import.meta.url);
      this.#worker = new Worker(file, { workerData: port2, transferList: [port2] });
    } catch (cause) {
      port1.close();
      throw lostThread(cause);
    }
    this.#worker.on("error", (cause) => this.#fail(lostThread(cause)));
    this.#worker.on("exit", (code) => this.#fail(lostThread(`it has ended with code ${code}`)));
  }

  /** How many splits it reads. */
  get readers(): number {
    return this.#listeners.size;
  }

  /** Opens a reader, whose number it returns. Who listens hears the answers to what it is asked, in order. */
  open({ module, shared, split }: Elsewhere, position: Position | undefined, listener: Listener): number {
    let source = this.#sources.get(shared);
    if (source === undefined) {
      source = this.#sources.size;
      this.#sources.set(shared, source);
      this.#send({ kind: "source", source, module, shared });
    }
    const reader = this.#readers++;
    this.#listeners.set(reader, listener);
    this.#send({ kind: "open", reader, source, split, position });
    return reader;
  }

  /** Asks for the next rows of a reader. Memory that is given may not be looked at any more. */
  poll(reader: number, rowsMax: number, spare: ArrayBuffer | undefined): void {
    this.#ask({ kind: "poll", reader, rowsMax, spare }, spare);
  }

  /** Asks a reader to close, which is the last that it hears of. */
  close(reader: number): void {
    this.#ask({ kind: "close", reader });
  }

  /** Hears what has been answered until now, without the event loop. */
  receive(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { readonly message: DecodeAnswer } | undefined;
      if (received === undefined) return;
      this.#heard(received.message);
    }
  }

  /** Ends the thread, whatever it is at. */
  async end(): Promise<void> {
    this.#lost ??= lostThread("the run is over");
    this.#port.close();
    await this.#worker.terminate();
  }

  #ask(request: DecodeRequest & { readonly reader: number }, spare?: ArrayBuffer): void {
    if (this.#lost !== undefined) this.#listeners.get(request.reader)?.lost(this.#lost);
    else this.#send(request, spare);
  }

  #send(request: DecodeRequest, spare?: ArrayBuffer): void {
    this.#port.postMessage(request, spare === undefined ? [] : [spare]);
  }

  #heard({ reader, ...reply }: DecodeAnswer): void {
    const listener = this.#listeners.get(reader);
    if (reply.kind === "closed") this.#listeners.delete(reader);
    listener?.heard(reply);
  }

  #fail(error: Error): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    for (const listener of this.#listeners.values()) listener.lost(error);
  }
}
