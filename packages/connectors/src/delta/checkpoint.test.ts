import { describe, expect, test } from "vitest";
import { memoryStore } from "../object-store/memory-store.ts";
import type { Action } from "./actions.ts";
import { encodeActions } from "./actions.ts";
import { encodeCheckpoint, readCheckpoint, retentionMs } from "./checkpoint.ts";
import { checkpointPath, commitPath, TableLog } from "./log.ts";
import { Snapshot } from "./snapshot.ts";

const NOW = 1_800_000_000_000;
const DAY = 86_400_000;
const vector = {
  storageType: "u",
  pathOrInlineDv: "0".repeat(20),
  offset: 1,
  sizeInBytes: 40,
  cardinality: 2,
};
const common = { dataChange: true, partitionValues: { "a b": "x", c: null } };

const ACTIONS: readonly Action[] = [
  {
    protocol: {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ["deletionVectors"],
      writerFeatures: ["deletionVectors", "invariants"],
    },
  },
  {
    metaData: {
      id: "id",
      format: { provider: "parquet", options: {} },
      schemaString: "{}",
      partitionColumns: ["a b", "c"],
      configuration: { "delta.enableDeletionVectors": "true" },
      createdTime: 5,
    },
  },
  { txn: { appId: "dataflow/p/s", version: 9, lastUpdated: NOW } },
  { txn: { appId: "other", version: 1 } },
  {
    add: {
      ...common,
      path: "one",
      size: 2 ** 40,
      modificationTime: 7,
      stats: '{"numRecords":5}',
      tags: { t: "1" },
    },
  },
  { add: { ...common, path: "two%20", size: 1, modificationTime: 8, deletionVector: vector } },
  { remove: { ...common, path: "fresh", size: 3, deletionTimestamp: NOW - DAY, extendedFileMetadata: true } },
  {
    remove: { ...common, path: "old", size: 3, deletionTimestamp: NOW - 8 * DAY, extendedFileMetadata: true },
  },
];

function snapshotOf(actions: readonly Action[]): Snapshot {
  const snapshot = new Snapshot();
  snapshot.advance(actions, 0);
  return snapshot;
}

describe("a checkpoint", () => {
  test("holds all that the table consists of, and forgets files that were removed long ago", async () => {
    const { bytes, actions, files } = encodeCheckpoint(snapshotOf(ACTIONS), NOW);
    const read = await readCheckpoint(bytes, "x");
    const restored = new Snapshot(0);
    restored.load(read);
    const original = snapshotOf(ACTIONS);
    expect(restored.protocol).toEqual(original.protocol);
    expect(restored.metaData).toEqual(original.metaData);
    expect([...restored.txns]).toEqual([...original.txns]);
    expect([...restored.files.keys()]).toEqual(["one", "two "]);
    expect(restored.files.get("two ")?.add).toEqual({ ...ACTIONS[5]?.add, dataChange: false });
    expect(restored.files.get("one")?.add).toEqual({ ...ACTIONS[4]?.add, dataChange: false });
    expect([...restored.tombstones.values()]).toEqual([{ ...ACTIONS[6]?.remove, dataChange: false }]);
    expect({ actions, files }).toEqual({ actions: 7, files: 2 });
  });

  test("in several parts is read when all of them are there, else the one before", async () => {
    const store = memoryStore();
    const log = (part: number): string =>
      `_delta_log/${"0".repeat(19)}2.checkpoint.000000000${part}.0000000002.parquet`;
    const { bytes } = encodeCheckpoint(snapshotOf(ACTIONS.slice(0, 5)), NOW);
    const { bytes: more } = encodeCheckpoint(
      snapshotOf([...ACTIONS.slice(0, 2), ...ACTIONS.slice(5, 6)]),
      NOW,
    );
    await store.put(checkpointPath(0), bytes);
    await store.put(commitPath(1), encodeActions([{ commitInfo: {} }]));
    await store.put(log(1), bytes);
    expect((await new TableLog(store).refresh())?.version).toBe(1);
    await store.put(log(2), more);
    const snapshot = await new TableLog(store).refresh();
    expect(snapshot?.version).toBe(2);
    expect([...(snapshot?.files.keys() ?? [])]).toEqual(["one", "two "]);
  });

  test("that is damaged is refused by name", async () => {
    await expect(readCheckpoint(Uint8Array.of(1, 2, 3), "_delta_log/x")).rejects.toThrow(
      /"_delta_log\/x".*DF_DELTA_LOG/,
    );
  });

  test.each<[string | undefined, number]>([
    [undefined, 7 * DAY],
    ["interval 30 days", 30 * DAY],
    ["interval 1 week 2 hours", 7 * DAY + 7_200_000],
    ["INTERVAL 5 SECONDS", 5_000],
    ["interval 1 blue moon", Number.POSITIVE_INFINITY],
    ["interval", Number.POSITIVE_INFINITY],
    ["soon", Number.POSITIVE_INFINITY],
    ["interval -1 days", Number.POSITIVE_INFINITY],
  ])("keeps removed files as long as %j says", (interval, ms) => {
    expect(retentionMs(interval)).toBe(ms);
  });
});
