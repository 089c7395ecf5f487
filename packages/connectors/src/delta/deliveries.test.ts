import { t } from "@df/core";
import type { ChangeMode, Schema } from "@df/core";
import { Crashes } from "@df/testing/crashes";
import { SinkDriver } from "@df/testing/sink-driver";
import { beforeEach, describe, expect, test } from "vitest";
import { memoryStore } from "../object-store/memory-store.ts";
import type { ObjectStore } from "../object-store/object-store.ts";
import {
  foreignCommit,
  liveFiles,
  outcomeOf,
  pairRows,
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

describe("a table that is there already", () => {
  test.each<[string, Parameters<typeof t.row>[0], string]>([
    ["another type", { id: t.int64(), value: t.string().nullable() }, "DF_SCHEMA_TYPE"],
    ["another decimal", { id: t.int64(), value: t.decimal(10, 2).nullable() }, "DF_SCHEMA_TYPE"],
    [
      "a null where the table has none",
      { id: t.int64().nullable(), value: t.int64().nullable() },
      "DF_SCHEMA_NULL",
    ],
    [
      "a column the table lacks",
      { id: t.int64(), value: t.int64().nullable(), more: t.bool() },
      "DF_SCHEMA_COLUMN",
    ],
  ])("is refused for %s", async (_what, columns, code) => {
    await driverOn("append").open();
    expect(await outcomeOf(driverOn("append", t.row(columns).schema).open())).toBe(code);
  });

  test("takes rows without a column that may be null, when rows are only added", async () => {
    await driverOn("append").open();
    await driverOn("append", t.row({ id: t.int64() }).schema).deliver({
      epoch: 1,
      rows: [{ row: { id: 5n } }],
    });
    expect(await shown(store)).toEqual(["5=null"]);
  });

  test("takes values that are never null into a column that may be", async () => {
    await driverOn("append").open();
    const strict = t.row({ id: t.int64(), value: t.int64() }).schema;
    await driverOn("append", strict).deliver({ epoch: 1, rows: pairRows([1, 2]) });
    expect(await shown(store)).toEqual(["1=2"]);
  });

  test("is refused for replacing rows when it has no deletion vectors", async () => {
    await driverOn("append").open();
    expect(await outcomeOf(driverOn("upsert").open())).toBe("DF_SINK_UNSUPPORTED");
  });

  test("takes replaced rows when it lists features for types that it may have and we do not write, as delta-rs does", async () => {
    await driverOn("upsert").open();
    const features = ["deletionVectors", "variantType", "timestampNtz"];
    const protocol = {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: features,
      writerFeatures: [...features, "invariants", "appendOnly"],
    };
    await foreignCommit(store, [{ protocol }]);
    await driverOn("upsert").deliver({ epoch: 1, rows: pairRows([1, 1]) });
    expect(await shown(store)).toEqual(["1=1"]);
  });

  test.each([
    {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ["v2Checkpoint"],
      writerFeatures: ["v2Checkpoint"],
    },
    { minReaderVersion: 1, minWriterVersion: 8 },
  ])("is refused when its protocol is newer than we know: %j", async (protocol) => {
    await driverOn("append").open();
    await foreignCommit(store, [{ protocol }]);
    expect(await outcomeOf(driverOn("append").open())).toBe("DF_SINK_UNSUPPORTED");
  });
});

describe("a delivery that changes nothing", () => {
  test("makes no version, neither without rows nor with the rows that are there", async () => {
    const driver = driverOn("upsert");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1]) });
    const before = driver.delivered;
    await driver.deliver({ epoch: 2, rows: [] });
    await driver.deliver({
      epoch: 3,
      rows: [...pairRows([1, 1]), { row: { id: 2n, value: null }, diff: -1 }],
    });
    expect(driver.delivered).toMatchObject({
      epoch: 3,
      version: before?.version,
      contentHash: before?.contentHash,
    });
    expect(await readCommits(store)).toHaveLength(2);
  });

  test("removes a file of which no row is left, instead of marking all rows as deleted", async () => {
    const driver = driverOn("upsert");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1], [2, 2]) });
    await driver.deliver({ epoch: 2, rows: pairRows([1, 10], [2, 20]) });
    expect(await store.list("deletion_vector")).toEqual([]);
    expect(await liveFiles(store)).toHaveLength(1);
  });
});

describe("rows of a retract stream", () => {
  test("are refused when two of one key are left over in a delivery, and both are named", async () => {
    const outcome = driverOn("retract").deliver({ epoch: 1, rows: pairRows([1, 1], [1, 2]) });
    await expect(outcome).rejects.toThrow(
      /\{"id":"1","value":"1"\} and \{"id":"1","value":"2"\}.*DF_SINK_KEY/,
    );
  });

  test("are refused when one row is left over twice", async () => {
    const outcome = driverOn("retract").deliver({ epoch: 1, rows: pairRows([1, 1], [1, 1]) });
    expect(await outcomeOf(outcome)).toBe("DF_SINK_KEY");
  });

  test("are refused when the table's row of their key was not taken back", async () => {
    const driver = driverOn("retract");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1]) });
    expect(await outcomeOf(driver.deliver({ epoch: 2, rows: pairRows([1, 2]) }))).toBe("DF_SINK_KEY");
  });
});

describe("a store that fails", () => {
  test("without saying whether the commit took place, leads to one commit", async () => {
    const driver = driverOn("append");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1]) });
    let failures = 0;
    const before = { ...store };
    store.putIfAbsent = async (path, bytes) => {
      const won = await before.putIfAbsent(path, bytes);
      if (failures++ === 0) throw new Error("connection reset");
      return won;
    };
    await driver.deliver({ epoch: 2, rows: pairRows([2, 2]) });
    expect(await shown(store)).toEqual(["1=1", "2=2"]);
    expect(driver.delivered?.version).toBe("2");
  });

  test("behind the commit, before its fsync, is asked for that fsync before the delivery counts", async () => {
    const driver = driverOn("append");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1]) });
    const asked: [path: string, won: boolean][] = [];
    const before = { ...store };
    store.putIfAbsent = async (path, bytes) => {
      const won = await before.putIfAbsent(path, bytes);
      asked.push([path, won]);
      if (won) throw new Error("killed");
      return won;
    };
    await driver.deliver({ epoch: 2, rows: pairRows([2, 2]) });
    const commit = "_delta_log/00000000000000000002.json";
    expect(asked).toEqual([
      [commit, true],
      [commit, false],
    ]);
  });

  test("all the time is given up on, and the intent stays", async () => {
    const driver = driverOn("append");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1]) });
    store.putIfAbsent = () => Promise.reject(new Error("disk full"));
    await expect(driver.deliver({ epoch: 2, rows: pairRows([2, 2]) })).rejects.toThrow("disk full");
    expect(driver.intent?.marker.epoch).toBe(2);
  });

  test("to let us be first is given up on for now", async () => {
    const driver = driverOn("append");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1]) });
    store.putIfAbsent = async () => false;
    await expect(driver.deliver({ epoch: 2, rows: pairRows([2, 2]) })).rejects.toMatchObject({
      code: "DF_SINK_CONFLICT",
      transient: true,
    });
  });
});

describe("a file of which some rows are replaced", () => {
  test("says that its bounds need not be met any more, and keeps its other statistics", async () => {
    const driver = driverOn("upsert");
    await driver.deliver({ epoch: 1, rows: pairRows([1, 1], [2, 2]) });
    const [before] = await liveFiles(store);
    await driver.deliver({ epoch: 2, rows: pairRows([1, 10]) });
    const after = (await liveFiles(store)).find(({ path }) => path === before?.path);
    expect(after?.deletionVector).toMatchObject({ storageType: "u", cardinality: 1 });
    expect(after?.stats).toBe(before?.stats?.replace('"tightBounds":true', '"tightBounds":false'));
  });
});
