import { MessageChannel, type MessagePort } from "node:worker_threads";
import { present } from "../assert.ts";
import type { Schema } from "../schema/schema.ts";
import type { ShardEnd } from "./exchange.ts";
import type { Elsewheres } from "./graph.ts";
import { Link } from "./link.ts";
import type { Channel } from "./node-runner.ts";
import { pushCarried, RemoteEnd } from "./remote-end.ts";
import type { LinkMessage } from "./shard-messages.ts";

/** The thread that has a shard; the main one is number 0. */
export function threadOf(shard: number, threads: number): number {
  return shard % threads;
}

/** Messages that are not about channels. */
export type ThreadMessage = Exclude<LinkMessage, { readonly kind: "event" | "taken" }>;

/** The ways from one thread to all others that have shards of the run. */
export class ShardLinks implements Elsewheres {
  readonly #here: number;
  /** By thread; undefined for this one. */
  readonly #links: readonly (Link | undefined)[];
  readonly #ends: Map<number, RemoteEnd> = new Map();
  readonly #channels: Map<number, { readonly channel: Channel; readonly schema: Schema }> = new Map();

  /** `heard` is told of all messages that are not about channels. */
  constructor(
    here: number,
    ports: readonly (MessagePort | undefined)[],
    {
      heard,
      wake,
    }: {
      readonly heard: (thread: number, message: ThreadMessage) => void;
      readonly wake: () => void;
    },
  ) {
    this.#here = here;
    this.#links = ports.map((port, thread) => {
      if (port === undefined) return undefined;
      const link: Link = new Link(
        port,
        (message) => {
          if (message.kind === "event") pushCarried(message, this.#channelOf(message.channel), link);
          else if (message.kind === "taken") this.#endOf(message.channel).taken(message.spare);
          else heard(thread, message);
        },
        wake,
      );
      return link;
    });
  }

  isHere(shard: number): boolean {
    return threadOf(shard, this.#links.length) === this.#here;
  }

  sendTo(shard: number, channel: number): ShardEnd {
    const end = new RemoteEnd(this.to(threadOf(shard, this.#links.length)), channel);
    this.#ends.set(channel, end);
    return end;
  }

  receiveFrom(_: number, number: number, into: { readonly channel: Channel; readonly schema: Schema }): void {
    this.#channels.set(number, into);
  }

  /** The way to a thread. */
  to(thread: number): Link {
    return present(this.#links[thread], `the link to thread ${thread}`);
  }

  /** Hears what has come; says whether anything has. */
  receive(): boolean {
    let any = false;
    for (const link of this.#links) any = link?.receive() === true || any;
    return any;
  }

  /** Sends what waits: all of it, or what is worth it. */
  flush(messagesMin?: number): void {
    for (const link of this.#links) link?.flush(messagesMin);
  }

  close(): void {
    for (const link of this.#links) link?.close();
  }

  /** Messages that count, by the thread they went to and came from. */
  get counts(): { readonly sent: readonly number[]; readonly received: readonly number[] } {
    return {
      sent: this.#links.map((link) => link?.sent ?? 0),
      received: this.#links.map((link) => link?.received ?? 0),
    };
  }

  #channelOf(number: number): { readonly channel: Channel; readonly schema: Schema } {
    return present(this.#channels.get(number), `channel ${number}`);
  }

  #endOf(number: number): RemoteEnd {
    return present(this.#ends.get(number), `channel ${number}`);
  }
}

/** The ports of each thread to all others, by their numbers. */
export function portsBetween(threads: number): (MessagePort | undefined)[][] {
  const ports = Array.from({ length: threads }, () =>
    Array.from({ length: threads }, (): MessagePort | undefined => undefined),
  );
  for (let one = 0; one < threads; one++) {
    for (let other = one + 1; other < threads; other++) {
      const { port1, port2 } = new MessageChannel();
      (ports[one] as (MessagePort | undefined)[])[other] = port1;
      (ports[other] as (MessagePort | undefined)[])[one] = port2;
    }
  }
  return ports;
}
