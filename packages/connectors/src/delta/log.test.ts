import { describe, expect, test } from "vitest";
import { memoryStore } from "../object-store/memory-store.ts";
import type { ObjectStore } from "../object-store/object-store.ts";
import { encodeActions } from "./actions.ts";
import type { Action } from "./actions.ts";
import { encodeCheckpoint } from "./checkpoint.ts";
import { checkpointPath, commitPath, TableLog } from "./log.ts";
import type { FilesKept, Snapshot } from "./snapshot.ts";

const NOW = 1_800_000_000_000;
const FIRST: readonly Action[] = [
  { protocol: { minReaderVersion: 1, minWriterVersion: 2 } },
  { metaData: { id: "id", format: { provider: "parquet" }, schemaString: "{}", partitionColumns: [] } },
];
const common = { dataChange: true, partitionValues: {}, size: 1 };

/** Adds a file, and every third time removes the one before it. */
function change(version: number): Action[] {
  const add = { add: { ...common, path: `f${version}`, modificationTime: NOW } };
  const remove = { remove: { ...common, path: `f${version - 1}`, deletionTimestamp: NOW } };
  return version % 3 === 0 ? [{ commitInfo: {} }, remove, add] : [{ commitInfo: {} }, add];
}

async function commit(store: ObjectStore, from: number, through: number): Promise<void> {
  for (let version = from; version <= through; version++)
    await store.put(commitPath(version), encodeActions(version === 0 ? FIRST : change(version)));
}

/** A store, and the paths that were asked for since the last look. */
function watched(): { readonly store: ObjectStore; readonly asked: () => string[] } {
  const store = memoryStore();
  const paths: string[] = [];
  const plain = { ...store };
  store.get = (path) => {
    paths.push(path);
    return plain.get(path);
  };
  return { store, asked: () => paths.splice(0) };
}

async function snapshotOf(log: TableLog): Promise<Snapshot> {
  const snapshot = await log.refresh();
  if (snapshot === undefined) throw new Error("there is no table");
  return snapshot;
}

describe("a log", () => {
  test("in which a commit is missing is refused", async () => {
    const store = memoryStore();
    await store.put(commitPath(3), encodeActions([{ commitInfo: {} }]));
    await expect(new TableLog(store).refresh()).rejects.toThrow(/0\.json" is missing.*DF_DELTA_LOG/);
  });

  test("is read commit by commit: only new ones are read again", async () => {
    const { store, asked } = watched();
    await commit(store, 0, 0);
    const log = new TableLog(store);
    await log.refresh();
    await commit(store, 1, 1);
    asked();
    expect((await log.refresh())?.version).toBe(1);
    expect(asked()).toEqual([commitPath(0), commitPath(1), commitPath(2)]);
  });

  test.each<[FilesKept, number, number]>([
    ["none", 0, 0],
    ["live", 81, 0],
    ["all", 81, 40],
  ])("of 121 commits keeps of files %s: %i live and %i removed ones", async (kept, live, removed) => {
    const store = memoryStore();
    await commit(store, 0, 60);
    const log = new TableLog(store, kept);
    const early = await log.whole(await snapshotOf(log));
    await log.putCheckpoint(60, encodeCheckpoint(early, NOW));
    await commit(store, 61, 121);
    for (const reader of [log, new TableLog(store, kept)]) {
      const { files, tombstones, version, dataVersion } = await snapshotOf(reader);
      expect({ version, dataVersion }).toEqual({ version: 121, dataVersion: 121 });
      expect([files.size, tombstones.size]).toEqual([live, removed]);
    }
  });

  test("that keeps no files tells all of them from the last checkpoint and the commits behind it", async () => {
    const { store, asked } = watched();
    await commit(store, 0, 30);
    const log = new TableLog(store, "none");
    const early = await log.whole(await snapshotOf(log));
    await log.putCheckpoint(30, encodeCheckpoint(early, NOW));
    await commit(store, 31, 32);
    const snapshot = await snapshotOf(log);
    asked();
    const whole = await log.whole(snapshot);
    expect(asked()).toEqual([checkpointPath(30), ...[31, 32, 33].map(commitPath)]);
    for (let version = 0; version <= 30; version++) await store.delete(checkpointPath(version));
    const replayed = await snapshotOf(new TableLog(store));
    expect([...whole.files.keys()]).toEqual([...replayed.files.keys()]);
    expect([...whole.tombstones.keys()]).toEqual([...replayed.tombstones.keys()]);
  });

  test("tells all files also where others have cleaned up behind a newer checkpoint than it knows", async () => {
    const store = memoryStore();
    await commit(store, 0, 12);
    const log = new TableLog(store, "none");
    const snapshot = await snapshotOf(log);
    const other = new TableLog(store);
    await other.putCheckpoint(12, encodeCheckpoint(await snapshotOf(other), NOW));
    for (let version = 0; version < 12; version++) await store.delete(commitPath(version));
    const whole = await log.whole(snapshot);
    expect([whole.version, whole.files.size, whole.tombstones.size]).toEqual([12, 8, 4]);
  });
});
