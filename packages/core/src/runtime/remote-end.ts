import type { Batch } from "../batch/batch.ts";
import { RowGatherer } from "../batch/gather.ts";
import type { Schema } from "../schema/schema.ts";
import { openBatch, packBatch } from "./batch-parcel.ts";
import type { StreamEvent } from "./event.ts";
import type { ShardEnd } from "./exchange.ts";
import type { Link } from "./link.ts";
import type { Channel } from "./node-runner.ts";
import type { CarriedEvent } from "./shard-messages.ts";

/** Events that are on their way to another thread, or wait there, before the sender is asked to stop. */
export const CARRIED_EVENTS_MAX = 32;

/**
 * The way to a shard on another thread. It has room for as many events as are not done there; the memory of each batch
 * comes back with the word that it is, and is used for the next one.
 */
export class RemoteEnd implements ShardEnd {
  readonly #link: Pick<Link, "send">;
  readonly #channel: number;
  readonly #gatherer: RowGatherer = new RowGatherer();
  readonly #spares: ArrayBuffer[] = [];
  #carried = 0;

  constructor(link: Pick<Link, "send">, channel: number) {
    this.#link = link;
    this.#channel = channel;
  }

  push(event: StreamEvent): "ok" | "full" {
    if (event.kind === "batch") this.#sendBatch(event.batch);
    else this.#send(event, []);
    return this.full() ? "full" : "ok";
  }

  pushRows(batch: Batch, rows: Int32Array, count: number): void {
    this.#sendBatch(count === batch.length ? batch : this.#gatherer.gather(batch, rows, count));
  }

  full(): boolean {
    return this.#carried >= CARRIED_EVENTS_MAX;
  }

  /** An event is done there. */
  taken(spare: ArrayBuffer | undefined): void {
    this.#carried--;
    if (spare !== undefined) this.#spares.push(spare);
  }

  #sendBatch(batch: Batch): void {
    const parcel = packBatch(batch, this.#spares.pop());
    this.#send({ kind: "batch", parcel }, [parcel.buffer]);
  }

  #send(event: CarriedEvent, carried: readonly ArrayBuffer[]): void {
    this.#carried++;
    this.#link.send({ kind: "event", channel: this.#channel, event }, carried);
  }
}

/** Puts an event that has come from another thread into its channel. */
export function pushCarried(
  { channel: number, event }: { readonly channel: number; readonly event: CarriedEvent },
  { channel, schema }: { readonly channel: Channel; readonly schema: Schema },
  link: Pick<Link, "send">,
): void {
  if (event.kind !== "batch") {
    const done = (): void => link.send({ kind: "taken", channel: number, spare: undefined });
    channel.push({ ...event, done });
    return;
  }
  const { parcel } = event;
  const done = (): void => {
    const spare = parcel.buffer;
    link.send({ kind: "taken", channel: number, spare }, [spare]);
  };
  channel.push({ kind: "batch", batch: openBatch(parcel, schema), done });
}
