/** Reads a Delta table the plain way, for tests: replays all JSON commits, knows no checkpoints and no cache. */
import { randomUUID } from "node:crypto";
import { t } from "@df/core";
import type { ChangeMode, CommitterFactory, Json, Schema, Shape } from "@df/core";
import { batchOf, rowsOf } from "@df/core/batch/rows";
import { packRows } from "@df/formats/parquet/pack";
import { encodeFile } from "@df/formats/parquet/encode-file";
import type { ParquetEncoder } from "@df/formats";
import type { ObjectStore } from "../object-store/object-store.ts";
import { encodeActions, storePath } from "./actions.ts";
import type { Action, AddFile } from "./actions.ts";
import { DeltaCommitter } from "./delta-committer.ts";
import { readFileRows } from "./table-rows.ts";

/** The commits of a table, in their order. */
export async function readCommits(store: ObjectStore): Promise<Action[][]> {
  const commits: Action[][] = [];
  for (;;) {
    const bytes = await store.get(`_delta_log/${String(commits.length).padStart(20, "0")}.json`);
    if (bytes === undefined) return commits;
    const lines = Buffer.from(bytes).toString().trimEnd().split("\n");
    commits.push(lines.map((line) => JSON.parse(line) as Action));
  }
}

/** The live files of a table by their path in the log, after its first `versions` commits or all of them. */
export async function liveFiles(store: ObjectStore, versions?: number): Promise<AddFile[]> {
  const live = new Map<string, AddFile>();
  for (const actions of (await readCommits(store)).slice(0, versions)) {
    for (const { remove } of actions) if (remove !== undefined) live.delete(remove.path);
    for (const { add } of actions) if (add !== undefined) live.set(add.path, add);
  }
  return [...live.values()];
}

/** All rows a table shows, in no order. */
export async function readTable(
  store: ObjectStore,
  schema: Schema,
  partitionBy: readonly string[],
): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for (const add of await liveFiles(store)) {
    const file = { path: storePath(add.path), add };
    for (const { batch, deleted } of await readFileRows(store, file, schema, partitionBy)) {
      rows.push(...rowsOf(batch).filter((_, row) => deleted[row] === 0));
    }
  }
  return rows;
}

/** Encodes in the test's own thread. */
export const inlineEncoder: ParquetEncoder = {
  encode: async (schema, batches) => encodeFile(schema, packRows(schema, batches)),
  close: async () => {},
};

/** Commits as another writer would. */
export async function foreignCommit(store: ObjectStore, actions: readonly Action[]): Promise<number> {
  const version = (await readCommits(store)).length;
  await store.put(`_delta_log/${String(version).padStart(20, "0")}.json`, encodeActions(actions));
  return version;
}

/** Rewrites all live rows into one file, as a compaction by another writer does. */
export async function foreignCompaction(
  store: ObjectStore,
  schema: Schema,
  change: (rows: Record<string, unknown>[]) => Record<string, unknown>[] = (rows) => rows,
): Promise<void> {
  const live = await liveFiles(store);
  const rows = change(await readTable(store, schema, []));
  const { bytes } = await inlineEncoder.encode(schema, rows.length === 0 ? [] : [batchOf(schema, rows)]);
  const path = `foreign-${randomUUID()}.parquet`;
  await store.put(path, bytes);
  const common = { dataChange: false, partitionValues: {} };
  const added = {
    ...common,
    path,
    size: bytes.length,
    modificationTime: 1,
    stats: `{"numRecords":${rows.length}}`,
  };
  await foreignCommit(store, [
    { commitInfo: { operation: "OPTIMIZE" } },
    ...live.map(({ path: old, size, deletionVector }): Action => {
      const remove = { ...common, path: old, size, deletionTimestamp: 1 };
      return { remove: deletionVector === undefined ? remove : { ...remove, deletionVector } };
    }),
    { add: added },
  ]);
  for (const { path: old } of live) await store.delete(storePath(old));
}

/** Builds committers on a store, which encode in the test's own thread and never wait. */
export function factoryOn(store: ObjectStore, partitionBy: readonly string[] = []): CommitterFactory {
  return {
    open: async (_options, context) =>
      new DeltaCommitter(
        { context, partitionBy, path: "out/t" },
        { store, encoder: inlineEncoder, wait: async () => {} },
      ),
  };
}

/** Columns of small tables: `id`, the key of keyed streams, and `value`, which may be null. */
export const pairs: Schema = t.row({ id: t.int64(), value: t.int64().nullable() }).schema;

/** What drives a sink of `pairs`, or of another schema with the key `id`. */
interface SinkOptions {
  readonly factory: CommitterFactory;
  readonly options: Json;
  readonly directory: string;
  readonly shape: Shape;
  readonly batchRows: number;
  readonly lineage: string;
}

/** The sink that a driver delivers to, on a store. */
export function sinkOn(
  store: ObjectStore,
  change: ChangeMode,
  schema: Schema = pairs,
  lineage = "lineage-a",
): SinkOptions {
  const shape = { schema, change, key: change === "append" ? [] : ["id"], timed: false };
  return { factory: factoryOn(store), options: {}, directory: "/", shape, batchRows: 100, lineage };
}

/** Rows of `pairs` to deliver. */
export function pairRows(
  ...given: readonly [number, number][]
): { readonly row: { readonly id: bigint; readonly value: bigint } }[] {
  return given.map(([id, value]) => ({ row: { id: BigInt(id), value: BigInt(value) } }));
}

/** The rows that a table of `pairs` shows, as `id=value`. */
export async function shown(store: ObjectStore): Promise<string[]> {
  return (await readTable(store, pairs, []))
    .map(({ id, value }) => `${String(id)}=${String(value)}`)
    .toSorted();
}

/** "done", or the code of the error. */
export async function outcomeOf(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    () => "done",
    (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
  );
}
