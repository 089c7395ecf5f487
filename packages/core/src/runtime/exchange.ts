import { ALL_ROWS } from "../batch/all-rows.ts";
import { type Batch, BATCH_ROWS_MAX } from "../batch/batch.ts";
import { forRows } from "../batch/grown.ts";
import { copyRows } from "../batch/copy.ts";
import { RowGatherer } from "../batch/gather.ts";
import type { OperatorContext, OperatorSpec } from "../operator.ts";
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
export interface Spreading {
  readonly schema: Schema;
  /** The columns that tell where a row goes: without any, all go to the only shard. */
  readonly key: readonly string[];
  /** Whether none of the rows of a batch is refused: then they do not bring along where they were read. */
  readonly accepts: (batch: Batch) => boolean;
}

/** Of whoever refuses nothing. */
export const ACCEPTS_ALL: Spreading["accepts"] = () => true;

/** The question to the batches of a step, as far as it has one. */
export function acceptsOf(
  spec: OperatorSpec,
  context: Pick<OperatorContext, "inputs" | "generate">,
): Spreading["accepts"] {
  if (spec.refuses === false) return ACCEPTS_ALL;
  return spec.accepts?.(context) ?? (() => false);
}

/** Sends rows to the shards that they belong to, and all else to every shard. */
export function spreadingTarget(ends: readonly ShardEnd[], spreading: Spreading): Target {
  const [only] = ends;
  return spreading.key.length === 0 && only !== undefined
    ? new SingleTarget(only, spreading.accepts)
    : new KeyedTarget(ends, spreading);
}

/** Sends everything to one shard. */
class SingleTarget implements Target {
  readonly #end: ShardEnd;
  readonly #accepts: Spreading["accepts"];

  constructor(end: ShardEnd, accepts: Spreading["accepts"]) {
    this.#end = end;
    this.#accepts = accepts;
  }

  push(event: StreamEvent): "ok" | "full" {
    if (event.kind !== "batch") return this.#end.push(event);
    const { batch } = event;
    this.#end.pushRows(withOriginIfNeeded(batch, this.#accepts), ALL_ROWS, batch.length);
    return this.full() ? "full" : "ok";
  }

  full(question?: number): boolean {
    return this.#end.full(question);
  }
}

/** The shard of each row of a batch, until its rows are chosen. */
const shards: Uint8Array = new Uint8Array(BATCH_ROWS_MAX);

/** Sends each row to the shard that owns its key; all else to every shard. */
class KeyedTarget implements Target {
  readonly #ends: readonly ShardEnd[];
  readonly #keyShards: KeyShards;
  /** The rows of a batch for each shard, and how many they are. */
  readonly #rows: Int32Array[];
  readonly #counts: Int32Array;
  readonly #accepts: Spreading["accepts"];

  constructor(ends: readonly ShardEnd[], { schema, key, accepts }: Spreading) {
    this.#ends = ends;
    this.#accepts = accepts;
    this.#keyShards = new KeyShards(schema, key, ends.length);
    this.#rows = ends.map(() => new Int32Array(0));
    this.#counts = new Int32Array(ends.length);
  }

  push(event: StreamEvent): "ok" | "full" {
    if (event.kind === "batch") this.#scatter(withOriginIfNeeded(event.batch, this.#accepts));
    else for (const end of this.#ends) end.push(event);
    return this.full() ? "full" : "ok";
  }

  full(question?: number): boolean {
    for (const end of this.#ends) if (end.full(question)) return true;
    return false;
  }

  #scatter(batch: Batch): void {
    for (const [shard, rows] of this.#rows.entries()) this.#rows[shard] = forRows(rows, batch.length);
    this.#keyShards.write(batch, shards);
    chooseRows(shards, batch.length, { rows: this.#rows, counts: this.#counts });
    for (const [shard, end] of this.#ends.entries()) {
      const count = this.#counts[shard] as number;
      if (count > 0) end.pushRows(batch, this.#rows[shard] as Int32Array, count);
    }
  }
}

/** Records are most of what rows have: they come along only where one may be refused. */
function withOriginIfNeeded(batch: Batch, accepts: Spreading["accepts"]): Batch {
  return batch.origin === undefined || !accepts(batch) ? batch : { ...batch, origin: undefined };
}

/** Writes for each shard the numbers of its rows, and how many they are. */
function chooseRows(
  shardOfRow: Uint8Array,
  length: number,
  { rows, counts }: { readonly rows: readonly Int32Array[]; readonly counts: Int32Array },
): void {
  counts.fill(0);
  for (let row = 0; row < length; row++) {
    const shard = shardOfRow[row] as number;
    const count = counts[shard] as number;
    (rows[shard] as Int32Array)[count] = row;
    counts[shard] = count + 1;
  }
}
