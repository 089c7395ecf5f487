import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { LinkMessage } from "./shard-messages.ts";

/** Messages that are worth sending while there is more to do. */
export const FLUSHED_MIN = 32;

/** One end of the way between two threads that have shards of a run. */
export class Link {
  readonly #port: MessagePort;
  readonly #heard: (message: LinkMessage) => void;
  #out: LinkMessage[] = [];
  #carried: ArrayBuffer[] = [];
  /** Events and orders: what sets the other thread to work. */
  sent = 0;
  received = 0;

  /** `heard` is called for each message, in order; `wake` when some have come by the event loop. */
  constructor(port: MessagePort, heard: (message: LinkMessage) => void, wake: () => void) {
    this.#port = port;
    this.#heard = heard;
    port.on("message", (messages: readonly LinkMessage[]) => {
      this.#take(messages);
      wake();
    });
  }

  /** Sends a message with the next `flush`. Memory that is carried along belongs to the other thread from then on. */
  send(message: LinkMessage, carried: readonly ArrayBuffer[] = []): void {
    if (counts(message)) this.sent++;
    this.#out.push(message);
    this.#carried.push(...carried);
  }

  /** Sends what waits: all of it, or once there is enough, for each sending takes some 20 µs. */
  flush(messagesMin: number = 1): void {
    if (this.#out.length < messagesMin) return;
    this.#port.postMessage(this.#out, this.#carried);
    this.#out = [];
    this.#carried = [];
  }

  /** Hears what has come until now, without the event loop. */
  receive(): boolean {
    for (let any = false; ; any = true) {
      const received = receiveMessageOnPort(this.#port) as
        | { readonly message: readonly LinkMessage[] }
        | undefined;
      if (received === undefined) return any;
      this.#take(received.message);
    }
  }

  close(): void {
    this.#port.close();
  }

  #take(messages: readonly LinkMessage[]): void {
    for (const message of messages) {
      if (counts(message)) this.received++;
      this.#heard(message);
    }
  }
}

function counts({ kind }: LinkMessage): boolean {
  return kind === "event" || kind === "order";
}
