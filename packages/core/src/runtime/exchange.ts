import { ALL_ROWS } from "../batch/all-rows.ts";
import { type Batch, BATCH_ROWS_MAX } from "../batch/batch.ts";
import { copyRows } from "../batch/copy.ts";
import { RowGatherer } from "../batch/gather.ts";
import type { Schema } from "../schema/schema.ts";
import type { StreamEvent, Target } from "./event.ts";
import { KeyShards } from "./key-shards.ts";
import type { Channel } from "./node-runner.ts";

/** The sender's end of a way to one shard. */
export interface ShardEnd extends Target {
  /** Takes the rows `rows[0..count)` of a batch, as a copy: the sender writes over what it has handed on. */
  pushRows(batch: Batch, rows: Int32Array, count: number): void;
}

/** The way to another shard on this thread. What waits there is a copy. */
export class LocalEnd implements ShardEnd {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  push(event: StreamEvent): "ok" | "full" {
    return this.#channel.push(event);
  }

  pushRows(batch: Batch, rows: Int32Array, count: number): void {
    this.#channel.push({ kind: "batch", batch: copyRows(batch, rows, count) });
  }

  full(question?: number): boolean {
    return this.#channel.full(question);
  }
}

/** The way within a shard: rows are worked off in the sender's call, so they may share text with its batch. */
export class DirectEnd implements ShardEnd {
  readonly #channel: Channel;
  readonly #gatherer: RowGatherer = new RowGatherer();

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  push(event: StreamEvent): "ok" | "full" {
    return this.#channel.push(event);
  }

  pushRows(batch: Batch, rows: Int32Array, count: number): void {
    const own = count === batch.length ? batch : this.#gatherer.gather(batch, rows, count);
    this.#channel.push({ kind: "batch", batch: own });
  }

  full(question?: number): boolean {
    return this.#channel.full(question);
  }
}

/** How rows are spread over the shards of a step. */
interface Spreading {
  readonly schema: Schema;
  /** The columns that tell where a row goes: without any, all go to the only shard. */
  readonly key: readonly string[];
  /** Rows bring along where they were read. */
  readonly withOrigin: boolean;
}

/** Sends rows to the shards that they belong to, and all else to every shard. */
export function spreadingTarget(ends: readonly ShardEnd[], spreading: Spreading): Target {
  const [only] = ends;
  return spreading.key.length === 0 && only !== undefined
    ? new SingleTarget(only, spreading.withOrigin)
    : new KeyedTarget(ends, spreading);
}

/** Sends everything to one shard. */
class SingleTarget implements Target {
  readonly #end: ShardEnd;
  readonly #withOrigin: boolean;

  constructor(end: ShardEnd, withOrigin: boolean) {
    this.#end = end;
    this.#withOrigin = withOrigin;
  }

  push(event: StreamEvent): "ok" | "full" {
    if (event.kind !== "batch") return this.#end.push(event);
    const { batch } = event;
    this.#end.pushRows(this.#withOrigin ? batch : { ...batch, origin: undefined }, ALL_ROWS, batch.length);
    return this.full() ? "full" : "ok";
  }

  full(question?: number): boolean {
    return this.#end.full(question);
  }
}

/** Sends each row to the shard that owns its key; all else to every shard. */
class KeyedTarget implements Target {
  readonly #ends: readonly ShardEnd[];
  readonly #keyShards: KeyShards;
  /** The shard of each row of a batch. */
  readonly #shards: Uint8Array = new Uint8Array(BATCH_ROWS_MAX);
  /** The rows of a batch for each shard, and how many they are. */
  readonly #rows: readonly Int32Array[];
  readonly #counts: Int32Array;
  readonly #withOrigin: boolean;

  constructor(ends: readonly ShardEnd[], { schema, key, withOrigin }: Spreading) {
    this.#ends = ends;
    this.#withOrigin = withOrigin;
    this.#keyShards = new KeyShards(schema, key, ends.length);
    this.#rows = ends.map(() => new Int32Array(BATCH_ROWS_MAX));
    this.#counts = new Int32Array(ends.length);
  }

  push(event: StreamEvent): "ok" | "full" {
    if (event.kind === "batch")
      this.#scatter(this.#withOrigin ? event.batch : { ...event.batch, origin: undefined });
    else for (const end of this.#ends) end.push(event);
    return this.full() ? "full" : "ok";
  }

  full(question?: number): boolean {
    for (const end of this.#ends) if (end.full(question)) return true;
    return false;
  }

  #scatter(batch: Batch): void {
    this.#keyShards.write(batch, this.#shards);
    chooseRows(this.#shards, batch.length, { rows: this.#rows, counts: this.#counts });
    for (const [shard, end] of this.#ends.entries()) {
      const count = this.#counts[shard] as number;
      if (count > 0) end.pushRows(batch, this.#rows[shard] as Int32Array, count);
    }
  }
}

/** Writes for each shard the numbers of its rows, and how many they are. */
function chooseRows(
  shards: Uint8Array,
  length: number,
  { rows, counts }: { readonly rows: readonly Int32Array[]; readonly counts: Int32Array },
): void {
  counts.fill(0);
  for (let row = 0; row < length; row++) {
    const shard = shards[row] as number;
    const count = counts[shard] as number;
    (rows[shard] as Int32Array)[count] = row;
    counts[shard] = count + 1;
  }
}
