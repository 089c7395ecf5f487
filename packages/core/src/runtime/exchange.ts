import { CanonicalCodec } from "../batch/canonical.ts";
import type { Batch } from "../batch/batch.ts";
import { copyBatch, copyRows } from "../batch/copy.ts";
import { columnIndex, type Schema } from "../schema/schema.ts";
import { shardOf } from "../stream.ts";
import type { StreamEvent, Target } from "./event.ts";
import type { Channel } from "./node-runner.ts";

/** Sends everything to one shard. What waits there is a copy: the sender writes over what it has handed on. */
export class SingleTarget implements Target {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  push(event: StreamEvent): "ok" | "full" {
    if (event.kind !== "batch") return this.#channel.push(event);
    return this.#channel.push({ kind: "batch", batch: copyBatch(event.batch) });
  }

  full(question?: number): boolean {
    return this.#channel.full(question);
  }
}

/** Sends each row, as a copy, to the shard that owns its key; all else to every shard. */
export class KeyedTarget implements Target {
  readonly #channels: readonly Channel[];
  readonly #codec: CanonicalCodec;

  constructor(channels: readonly Channel[], schema: Schema, key: readonly string[]) {
    this.#channels = channels;
    this.#codec = new CanonicalCodec(
      schema,
      key.map((name) => columnIndex(schema, name)),
    );
  }

  push(event: StreamEvent): "ok" | "full" {
    if (event.kind === "batch") this.#scatter(event.batch);
    else for (const channel of this.#channels) channel.push(event);
    return this.full() ? "full" : "ok";
  }

  full(question?: number): boolean {
    for (const channel of this.#channels) if (channel.full(question)) return true;
    return false;
  }

  #scatter(batch: Batch): void {
    const shards = this.#channels.length;
    const rows = Array.from({ length: shards }, () => new Int32Array(batch.length));
    const counts = new Int32Array(shards);
    for (let row = 0; row < batch.length; row++) {
      const shard = shardOf(this.#codec.keyGroup(batch, row), shards);
      const count = counts[shard] as number;
      (rows[shard] as Int32Array)[count] = row;
      counts[shard] = count + 1;
    }
    for (const [shard, channel] of this.#channels.entries()) {
      const count = counts[shard] as number;
      if (count > 0)
        channel.push({ kind: "batch", batch: copyRows(batch, rows[shard] as Int32Array, count) });
    }
  }
}
