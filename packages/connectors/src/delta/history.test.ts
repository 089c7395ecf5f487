import type { ChangeMode, Committer, Schema } from "@df/core";
import { Crashes } from "@df/testing/crashes";
import { encodeRows, type LogRow } from "@df/testing/log";
import { SinkDriver } from "@df/testing/sink-driver";
import { beforeEach, describe, expect, test } from "vitest";
import { memoryStore } from "../object-store/memory-store.ts";
import type { ObjectStore } from "../object-store/object-store.ts";
import { DeltaCommitter } from "./delta-committer.ts";
import { commitPath, TableLog } from "./log.ts";
import {
  foreignCommit,
  foreignCompaction,
  inlineEncoder,
  liveFiles,
  outcomeOf,
  pairRows,
  pairs,
  readCommits,
  shown,
  sinkOn,
} from "./table.testing.ts";

let store: ObjectStore;
beforeEach(() => {
  store = memoryStore();
});

function driverOn(change: ChangeMode, schema?: Schema, lineage?: string): SinkDriver {
  return new SinkDriver({ ...sinkOn(store, change, schema, lineage), crashes: new Crashes() });
}

/** Runs `between` after an intent is stored and before it is committed. */
async function deliverWith(
  driver: SinkDriver,
  epoch: number,
  given: LogRow[],
  between: () => Promise<unknown>,
): Promise<void> {
  const committer = await driver.open();
  const intent = await driver.stage(committer, { epoch, rows: given });
  await between();
  await driver.commit(committer, intent);
  await committer.close();
}

async function cleanLog(through: number): Promise<void> {
  for (let version = 0; version <= through; version++) await store.delete(commitPath(version));
}

describe("a table that others write to as well", () => {
  test("keeps the rows of others between ours", async () => {
    const driver = driverOn("append");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1]) });
    await foreignCommit(store, [{ commitInfo: { operation: "WRITE" } }]);
    await driver.deliver({ epoch: 2, rows: pairRows([2, 2]) });
    expect(await shown(store)).toEqual(["1=1", "2=2"]);
    expect(driver.delivered?.version).toBe("3");
  });

  test("has each key once when it is compacted between staging and commit", async () => {
    const driver = driverOn("upsert");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1], [2, 2], [3, 3]) });
    await deliverWith(
      driver,
      2,
      [...pairRows([2, 20], [4, 40]), { row: { id: 3n, value: null }, diff: -1 }],
      () => foreignCompaction(store, pairs),
    );
    expect(await shown(store)).toEqual(["1=1", "2=20", "4=40"]);
    await driver.stop();
    await driver.deliver({ epoch: 3, rows: pairRows([1, 10], [4, 41]) });
    expect(await shown(store)).toEqual(["1=10", "2=20", "4=41"]);
  });

  test("has each key once when another writer has added one that we add too", async () => {
    const driver = driverOn("upsert");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1]) });
    await deliverWith(driver, 2, pairRows([7, 70]), () =>
      foreignCompaction(store, pairs, (there) => [...there, { id: 7n, value: 7n }]),
    );
    expect(await shown(store)).toEqual(["1=1", "7=70"]);
  });

  test("gives a content hash that counts the rows of others from the next delivery on", async () => {
    const driver = driverOn("upsert");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1]) });
    await foreignCompaction(store, pairs, () => [{ id: 8n, value: 8n }]);
    await driver.deliver({ epoch: 2, rows: pairRows([2, 2]) });
    const hash = driver.delivered?.contentHash;
    store = memoryStore();
    const other = driverOn("upsert");
    await other.deliver({ epoch: 1, rows: pairRows([2, 2], [8, 8]) });
    expect(hash).toBe(other.delivered?.contentHash);
  });

  test("is refused when it has a key twice", async () => {
    const driver = driverOn("upsert");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1]) });
    await foreignCompaction(store, pairs, (there) => [...there, ...there]);
    expect(await outcomeOf(driver.deliver({ epoch: 2, rows: pairRows([2, 2]) }))).toBe("DF_SINK_KEY");
  });

  /** A state that has the key index of no version, and of which deliveries only the first. */
  async function older(): Promise<SinkDriver> {
    const state = new SinkDriver({ ...sinkOn(store, "retract"), crashes: new Crashes(), muted: true });
    const driver = driverOn("retract");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1], [2, 2]) });
    state.delivered = driver.delivered;
    await driver.deliver({ epoch: 2, rows: second });
    return state;
  }
  const second = [...pairRows([2, 20], [3, 3]), ...pairRows([2, 2]).map((one) => ({ ...one, diff: -1 }))];

  test("is what an older state makes of it, which has no key index and goes by the version it has delivered", async () => {
    const state = await older();
    const { marker } = await state.stage(await state.open(), { epoch: 2, rows: second });
    const [found] = (await readCommits(store)).at(-1) ?? [];
    expect(found?.commitInfo?.["dataflow"]).toMatchObject({ epoch: 2, contentHash: marker.contentHash });
    expect(await shown(store)).toEqual(["1=1", "2=20", "3=3"]);
  });

  test("is what an older state makes of it whose key index lacks rows of others that came before its last delivery", async () => {
    const driver = driverOn("upsert");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1]) });
    await driver.stop();
    await deliverWith(driver, 2, pairRows([2, 2]), () =>
      foreignCompaction(store, pairs, (there) => [...there, { id: 8n, value: 8n }]),
    );
    const sink = { ...sinkOn(store, "upsert"), crashes: new Crashes() };
    const state = new SinkDriver({ ...sink, muted: true, index: driver.index });
    state.delivered = driver.delivered;
    const third = { epoch: 3, rows: pairRows([1, 10], [3, 3]) };
    const { marker } = await state.stage(await state.open(), third);
    await driver.deliver(third);
    expect(await shown(store)).toEqual(["1=10", "2=2", "3=3", "8=8"]);
    expect(marker.contentHash).toBe(driver.delivered?.contentHash);
  });

  test("is refused to an older state without a key index where the log no longer has its version", async () => {
    const state = await older();
    const committer = await state.open();
    await cleanLog(0);
    expect(await outcomeOf(state.stage(committer, { epoch: 2, rows: second }))).toBe("DF_ADOPT_TARGET");
  });

  test("is not made by a muted committer, which writes nothing", async () => {
    const sink = { ...sinkOn(store, "append"), crashes: new Crashes() };
    const committer = await new SinkDriver({ ...sink, muted: true }).open();
    expect(await committer.marker()).toBeUndefined();
    expect(await store.list("")).toEqual([]);
  });

  test("keeps the delivery when its schema no longer takes the rows", async () => {
    const driver = driverOn("append");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1]) });
    const { metaData } = (await readCommits(store))[0]?.find((action) => action.metaData !== undefined) ?? {};
    if (metaData === undefined) throw new Error("the table has no schema");
    const changed = metaData.schemaString.replace('"value","type":"long"', '"value","type":"string"');
    const outcome = deliverWith(driver, 2, pairRows([2, 2]), () =>
      foreignCommit(store, [{ metaData: { ...metaData, schemaString: changed } }]),
    );
    expect(await outcomeOf(outcome)).toBe("DF_SCHEMA_CHANGED");
    expect(await readCommits(store)).toHaveLength(3);
  });

  test("is told of a staged file that is gone, before anything is committed", async () => {
    const driver = driverOn("append");
    const staging = await driver.open();
    const intent = await driver.stage(staging, { epoch: 1, rows: pairRows([1, 1]) });
    for (const { path } of await store.list("part-")) await store.delete(path);
    const restarted = await driver.open();
    expect(await outcomeOf(restarted.commit(intent))).toBe("DF_STAGED_LOST");
    expect(await readCommits(store)).toHaveLength(1);
  });
});

describe("a table that was set back", () => {
  async function restored(to: Readonly<Record<string, string>>): Promise<SinkDriver> {
    const driver = driverOn("append");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1]) });
    await driver.deliver({ epoch: 2, rows: pairRows([2, 2]) });
    const [, last] = await liveFiles(store);
    if (last === undefined) throw new Error("two files are expected");
    await foreignCommit(store, [
      { commitInfo: { timestamp: 1, operation: "RESTORE", operationParameters: to } },
      { remove: { path: last.path, dataChange: true, deletionTimestamp: 1 } },
    ]);
    return driver;
  }

  test("to before our last commit is refused, by the running and by a new process", async () => {
    const driver = await restored({ version: "1" });
    expect(await outcomeOf(driver.deliver({ epoch: 3, rows: pairRows([3, 3]) }))).toBe("DF_SINK_ROLLED_BACK");
    await driver.stop();
    await expect(driver.open()).rejects.toThrow(/version 1, which is before epoch 2.*version 2/);
    expect(await shown(store)).toEqual(["1=1"]);
  });

  test("to a time before our last commit is refused", async () => {
    const driver = await restored({ timestamp: "2020-01-01T00:00:00Z" });
    await driver.stop();
    expect(await outcomeOf(driver.open())).toBe("DF_SINK_ROLLED_BACK");
  });

  test("to before all that was delivered to it is new to a state that has delivered nothing", async () => {
    const driver = driverOn("append");
    await driver.deliver({ epoch: 4, rows: pairRows([1, 1]) });
    const [{ path } = { path: "" }] = await liveFiles(store);
    await foreignCommit(store, [
      { commitInfo: { timestamp: 1, operation: "RESTORE", operationParameters: { version: 0 } } },
      { remove: { path, dataChange: true, deletionTimestamp: 1 } },
    ]);
    const child = driverOn("append", pairs, "lineage-b");
    await child.deliver({ epoch: 3, rows: pairRows([2, 2]) });
    await child.stop();
    await child.deliver({ epoch: 4, rows: pairRows([3, 3]) });
    expect(await shown(store)).toEqual(["2=2", "3=3"]);
  });

  test("to a version that shows our last commit is fine", async () => {
    const driver = await restored({ version: "2" });
    await driver.deliver({ epoch: 3, rows: pairRows([3, 3]) });
    expect(await shown(store)).toEqual(["1=1", "3=3"]);
  });
});

describe("a table that was replaced", () => {
  test("by another one under its path is refused, by the running and by a new process", async () => {
    const driver = driverOn("append");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1]) });
    for (const { path } of await store.list("")) await store.delete(path);
    const other = driverOn("append");
    await other.deliver({ epoch: 1, rows: pairRows([9, 9]) });
    expect(await outcomeOf(driver.deliver({ epoch: 2, rows: pairRows([2, 2]) }))).toBe("DF_SINK_REPLACED");
    await driver.stop();
    expect(await outcomeOf(driver.open())).toBe("DF_SINK_REPLACED");
    expect(await shown(store)).toEqual(["9=9"]);
  });

  test("by nothing is refused, and not made again", async () => {
    const driver = driverOn("append");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1]) });
    for (const { path } of await store.list("")) await store.delete(path);
    await driver.stop();
    expect(await outcomeOf(driver.open())).toBe("DF_SINK_REPLACED");
    expect(await store.list("")).toEqual([]);
  });
});

describe("a table that another run of the pipeline writes to", () => {
  test("is refused, also by a run that is further", async () => {
    const copy = driverOn("append", pairs, "lineage-b");
    const committer = await copy.open();
    const intent = await copy.stage(committer, { epoch: 5, rows: pairRows([5, 5]) });
    await driverOn("append").deliver({ epoch: 1, rows: pairRows([1, 1]) });
    expect(await outcomeOf(committer.commit(intent))).toBe("DF_SINK_OTHER_LINEAGE");
    expect(await shown(store)).toEqual(["1=1"]);
  });
});

describe("a table with checkpoints", () => {
  async function grown(deliveries: number, change: ChangeMode = "upsert"): Promise<SinkDriver> {
    const driver = driverOn(change);
    for (let epoch = 1; epoch <= deliveries; epoch++) {
      await driver.deliver({ epoch, rows: pairRows([epoch, epoch], [1, epoch]) });
    }
    await driver.stop();
    return driver;
  }

  test("is gone on with from its checkpoint when older commits are cleaned up", async () => {
    const driver = await grown(12);
    await cleanLog(10);
    const committer = await driver.open();
    expect((await committer.marker())?.epoch).toBe(12);
    await driver.deliver({ epoch: 13, rows: pairRows([1, 99], [3, 99]) });
    expect(driver.delivered?.version).toBe("13");
    const fresh = driverOn("upsert");
    const reader = await fresh.open();
    const staged = await fresh.stage(reader, { epoch: 14, rows: [] });
    expect(staged.marker.contentHash).toBe(driver.delivered?.contentHash);
  });

  test("has a marker while the commit's file is there, though the checkpoint is newer", async () => {
    await grown(10);
    const stranger = await driverOn("upsert").open();
    expect(await stranger.marker()).toMatchObject({ epoch: 10, lineage: "lineage-a" });
  });

  test.each<ChangeMode>(["upsert", "append"])(
    "of a sink with %ss has the marker we recorded when the commit's file is cleaned up and a file of it is live",
    async (change) => {
      const driver = await grown(10, change);
      await cleanLog(10);
      expect(await (await driver.open()).marker()).toMatchObject({ epoch: 10, lineage: "lineage-a" });
      await driver.deliver({ epoch: 11, rows: pairRows([1, 7]) });
      expect(driver.delivered?.version).toBe("11");
    },
  );

  test("has all files in them, also those that others have added and removed meanwhile", async () => {
    const driver = await grown(12, "append");
    await foreignCompaction(store, pairs);
    for (let epoch = 13; epoch <= 19; epoch++) await driver.deliver({ epoch, rows: pairRows([epoch, 0]) });
    const found = await new TableLog(store).refresh();
    expect(found).toMatchObject({ version: 20, base: 20 });
    expect([...(found?.files.keys() ?? [])]).toEqual((await liveFiles(store)).map(({ path }) => path));
    expect([found?.files.size, found?.tombstones.size]).toEqual([8, 0]);
  });

  test("is refused when the log behind our commit is cleaned up and no file of it is live", async () => {
    const driver = await grown(9);
    const { delivered } = driver;
    if (delivered === undefined) throw new Error("nothing was delivered");
    // The tenth version, with its checkpoint, is a stranger to the process that recorded nine.
    const other = driverOn("upsert");
    other.delivered = delivered;
    await other.deliver({ epoch: 10, rows: pairRows([1, 10]) });
    await cleanLog(10);
    const state = { ...(other.delivered.state as object), markerVersion: 9, files: ["gone.parquet"] };
    driver.delivered = { ...other.delivered, version: "9", state };
    expect(await outcomeOf(driver.open())).toBe("DF_SINK_ROLLED_BACK");
  });

  test("is refused when the commit's file is cleaned up and nothing of it is recorded", async () => {
    await grown(10);
    await cleanLog(10);
    expect(await outcomeOf(driverOn("upsert").open())).toBe("DF_SINK_MARKER");
  });

  test("is refused as set back when a RESTORE lies before the checkpoint", async () => {
    const driver = await grown(8);
    await foreignCommit(store, [
      { commitInfo: { operation: "RESTORE", operationParameters: { version: 3 } } },
    ]);
    const other = driverOn("upsert");
    const committer: Committer = new DeltaCommitter(
      {
        context: {
          pipeline: "other",
          sink: "sink",
          lineage: "other",
          directory: "/",
          input: { schema: pairs, change: "upsert", key: ["id"], timed: false },
          index: other.index,
          held: async function* () {
            yield encodeRows({ schema: pairs, change: "upsert", key: ["id"] }, pairRows([50, 50]));
          },
        },
        partitionBy: [],
        path: "out/t",
      },
      { store, encoder: inlineEncoder },
    );
    await committer.commit(await other.stage(committer, { epoch: 1, rows: pairRows([50, 50]) }));
    expect((await store.list("_delta_log/")).some(({ path }) => path.endsWith("10.checkpoint.parquet"))).toBe(
      true,
    );
    expect(await outcomeOf(driver.open())).toBe("DF_SINK_ROLLED_BACK");
  });
});
