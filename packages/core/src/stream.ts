import type { ChangeMode } from "./batch/batch.ts";
import type { Schema } from "./schema/schema.ts";

/** What is known of a stream before it runs. */
export interface Shape {
  readonly schema: Schema;
  readonly change: ChangeMode;
  /** The columns that tell rows apart; empty for append. */
  readonly key: readonly string[];
  /** Whether rows have event time. */
  readonly timed: boolean;
}

/**
 * How far results depend on anything but the input. `identical`: the same multiset of changes and, per key, the same
 * order. `convergent`: the last state per key is the same. `arrival`: decided by arrival.
 */
export type Label = "identical" | "convergent" | "arrival";

/** How rows get from one node's shards to the next one's. `keyBy`: equal keys meet in one shard. */
export type Exchange = "forward" | "single" | { readonly keyBy: readonly string[] };

/** The columns that tell where a row goes; none where that is not for its columns to tell. */
export function keyOf(exchange: Exchange): readonly string[] {
  return typeof exchange === "string" ? [] : exchange.keyBy;
}

/** Key groups are the unit in which keyed state moves between shards. Fixed for ever. */
export const KEY_GROUPS = 128;

/** The shard that owns a key group: contiguous ranges, as in Flink. */
export function shardOf(keyGroup: number, shards: number): number {
  return Math.floor((keyGroup * shards) / KEY_GROUPS);
}

/** A checkpoint's number, from 1, without gaps within a lineage. */
export type Epoch = number;
