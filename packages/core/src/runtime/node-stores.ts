/** The state of a node: one store a shard, each with the key groups that are its own. */
import type { NodeChunk } from "../checkpoint/records.ts";
import type { StateBudget } from "../state/state-budget.ts";
import { MemoryStateStore } from "../state/store.ts";
import { shardOf } from "../stream.ts";
import type { Brought } from "./migrating.ts";

/** An empty store for one shard of `width`. `brought`: how rows are brought over that were stored otherwise. */
export function storeOf(
  { shard, width }: { readonly shard: number; readonly width: number },
  { budget, brought }: { readonly budget: StateBudget; readonly brought: Brought | undefined },
): MemoryStateStore {
  return new MemoryStateStore({
    budget,
    migrates: brought !== undefined,
    moves: brought === "by function" ? isOf(shard, width) : undefined,
  });
}

/** Loads what was stored into the stores of all shards, of which some may be elsewhere. */
export function loadStores(
  stores: readonly (MemoryStateStore | undefined)[],
  chunks: readonly NodeChunk[],
): void {
  for (const [shard, store] of stores.entries()) store?.load(chunks, isOf(shard, stores.length));
}

/** Whether key groups are those of a shard. With one instance of a node all are its own. */
function isOf(shard: number, width: number): (keyGroup: number) => boolean {
  return (keyGroup) => width === 1 || keyGroup < 0 || shardOf(keyGroup, width) === shard;
}
