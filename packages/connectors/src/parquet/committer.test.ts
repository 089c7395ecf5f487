import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t } from "@df/core";
import type { CommitterContext, Delivered, Intent, Json, Marker, Shape } from "@df/core";
import { batchOf, rowsOf } from "@df/core/batch/rows";
import type { ParquetEncoder } from "@df/formats/parquet/encoder";
import { readParquet } from "@df/formats/parquet/read-batches";
import { parquetEncoder } from "@df/formats/parquet/worker-encoder";
import { checkSink, crashing, MemoryKeyIndex } from "@df/testing";
import { afterAll, describe, expect, test } from "vitest";
import { commitPath, readManifest } from "../lake/manifest.ts";
import { stagedPath } from "../lake/staged-file.ts";
import { localStore } from "../object-store/local-store.ts";
import { memoryStore } from "../object-store/memory-store.ts";
import type { ObjectStore } from "../object-store/object-store.ts";
import { committerFactory, parquetCommitter } from "./committer.ts";
import { parquet } from "./parquet.ts";

const Row = t.row({ id: t.int64(), city: t.string().nullable(), at: t.timestamp() });
const shape: Shape = { schema: Row.schema, change: "append", key: [], timed: false };
const shared = parquetEncoder();
/** One thread for all committers of this file. */
const encoder: ParquetEncoder = {
  encode: (schema, batches) => shared.encode(schema, batches),
  close: async () => {},
};
afterAll(() => shared.close());

const row = (id: number, city: string | null): Record<string, unknown> => ({
  id: BigInt(id),
  city,
  at: id * 1000,
});

/** The rows of the files that the manifest names. */
async function committedRows(store: ObjectStore): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for (const { path } of (await readManifest(store)).files) {
    const bytes = await store.get(path);
    if (bytes === undefined) throw new Error(`${path} is named and not there`);
    rows.push(...(await readParquet(bytes, Row.schema, path)).flatMap(rowsOf));
  }
  return rows;
}

/** What somebody sees who reads all `*.parquet` files, whatever the manifest says. */
async function patternPaths(store: ObjectStore): Promise<string[]> {
  return (await store.list("")).map(({ path }) => path).filter((path) => path.endsWith(".parquet"));
}

function contextOf(changes: Partial<CommitterContext> = {}): CommitterContext {
  const index = new MemoryKeyIndex();
  async function* held() {}
  return { pipeline: "p", sink: "s", lineage: "l", directory: "/", input: shape, index, held, ...changes };
}

const options = { path: "out", partitionBy: [] };

async function staged(
  store: ObjectStore,
  epoch: number,
  rows: readonly object[],
  lineage = "l",
): Promise<Intent> {
  const committer = parquetCommitter(store, options, contextOf({ lineage }), encoder);
  await committer.prepare();
  async function* batches() {
    if (rows.length > 0) yield batchOf(Row.schema, rows);
  }
  const made = await committer.stage({ batches: batches(), through: epoch, positions: null, clock: 0 });
  const marker: Marker = {
    pipeline: "p",
    lineage,
    epoch,
    hash: `${lineage}${epoch}`,
    positions: null,
    clock: null,
    contentHash: made.contentHash,
  };
  const follows = (await committer.marker())?.hash ?? null;
  return { marker, follows, manifest: made.manifest };
}

async function commit(store: ObjectStore, intent: Intent, lineage = "l"): Promise<Delivered> {
  const committer = parquetCommitter(store, options, contextOf({ lineage }), encoder);
  await committer.prepare();
  const { epoch, hash, contentHash } = intent.marker;
  return { epoch, hash, contentHash, ...(await committer.commit(intent)) };
}

describe("a Parquet directory", () => {
  test.each([[[]], [["city"]]])(
    "shows every row exactly once through its manifest, partitioned by %j, whatever crashes, repeats and races",
    async (partitionBy) => {
      const cities = ["Bern", null, "a/b", "..", ""];
      const delivery = (from: number, count: number) =>
        Array.from({ length: count }, (_, i) => ({ row: row(from + i, cities[i % cities.length] ?? null) }));
      await checkSink({
        shape,
        deliveries: [[], delivery(0, 5), delivery(10, 1), [], delivery(20, 4)],
        crashesMax: 120,
        target: async (crashes) => {
          const store = memoryStore();
          const target = { path: "out", partitionBy };
          return {
            options: target,
            factory: {
              open: async (_, context) =>
                parquetCommitter(crashing(store, crashes), target, context, encoder),
            },
            read: async () => {
              // Those who read by pattern see the same, once all that was decided is committed.
              const { files } = await readManifest(store);
              expect(await patternPaths(store)).toEqual(files.map(({ path }) => path).toSorted());
              return committedRows(store);
            },
          };
        },
      });
    },
    60_000,
  );

  test("shows every row exactly once on a real disk too", async () => {
    const root = await mkdtemp(join(tmpdir(), "dataflow-parquet-"));
    let run = 0;
    await checkSink({
      shape,
      deliveries: [[{ row: row(1, "Bern") }], [], [{ row: row(2, "a/b") }, { row: row(2, "a/b") }]],
      crashesMax: 12,
      target: async (crashes) => {
        const target = { path: join(root, String(run++)), partitionBy: ["city"] };
        const store = localStore(target.path);
        return {
          options: target,
          factory: {
            open: async (_, context) => parquetCommitter(crashing(store, crashes), target, context, encoder),
          },
          read: () => committedRows(store),
        };
      },
    });
    await rm(root, { recursive: true, force: true });
    expect(run).toBeGreaterThan(20);
  }, 60_000);

  test("keeps staged files away from whoever reads *.parquet, until they are committed", async () => {
    const store = memoryStore();
    const intent = await staged(store, 1, [row(1, "Bern")]);
    expect(await patternPaths(store)).toEqual([]);
    await commit(store, intent);
    const { files } = await readManifest(store);
    expect(await patternPaths(store)).toEqual(files.map(({ path }) => path));
    expect((await store.list("")).filter(({ path }) => path.endsWith(".staged"))).toEqual([]);
  });

  test("names in each commit the marker, and each file with size, rows, checksum and partition", async () => {
    const store = memoryStore();
    const intent = await staged(store, 7, [row(1, "Bern"), row(2, null)]);
    await commit(store, intent);
    const { version, marker, files } = await readManifest(store);
    expect(version).toBe(1);
    expect(marker).toEqual(intent.marker);
    const [file] = files;
    expect(file).toMatchObject({ rows: 2, partition: [] });
    expect((await store.get(file?.path ?? ""))?.length).toBe(file?.size);
  });

  test("reads staged files again before they get their names, unless this process has just written them", async () => {
    const store = memoryStore();
    const plain = { ...store };
    const digested: string[] = [];
    store.digest = (path) => {
      digested.push(path);
      return plain.digest(path);
    };
    const batches = async function* (id: number) {
      yield batchOf(Row.schema, [row(id, null)]);
    };
    const committer = parquetCommitter(store, options, contextOf(), encoder);
    await committer.prepare();
    const intentOf = async (epoch: number): Promise<Intent> => {
      const request = { batches: batches(epoch), through: epoch, positions: null, clock: 0 };
      const { manifest, contentHash } = await committer.stage(request);
      const own = { pipeline: "p", lineage: "l", epoch, hash: `l${epoch}`, positions: null, clock: null };
      return { marker: { ...own, contentHash }, follows: (await committer.marker())?.hash ?? null, manifest };
    };
    await committer.commit(await intentOf(1));
    expect(digested).toEqual([]);
    const intent = await intentOf(2);
    const [lost] = (await store.list("")).filter(({ path }) => path.endsWith(".staged"));
    await store.delete(lost?.path ?? "");
    await expect(committer.commit(intent)).rejects.toThrow("DF_STAGED_LOST");
    await commit(store, await staged(store, 3, [row(3, null)]));
    expect(digested.filter((path) => path.endsWith(".staged"))).toHaveLength(2);
    expect(await committedRows(store)).toHaveLength(2);
  });

  test("says that staged files were lost or damaged, and shows nothing of that epoch", async () => {
    const store = memoryStore();
    const intent = await staged(store, 1, [row(1, "Bern")]);
    const path = (await store.list("")).find((object) => object.path.endsWith(".staged"))?.path ?? "";
    const bytes = (await store.get(path)) ?? new Uint8Array();
    await store.put(path, bytes.with(10, (bytes[10] ?? 0) ^ 1));
    await expect(commit(store, intent)).rejects.toThrow(/damaged.*\[DF_STAGED_LOST\]/);
    await store.delete(path);
    await expect(commit(store, intent)).rejects.toThrow(/is gone.*\[DF_STAGED_LOST\]/);
    expect(await committedRows(store)).toEqual([]);
    expect(await patternPaths(store)).toEqual([]);
  });

  test("refuses a later epoch of another lineage, also when that one commits in the middle of ours", async () => {
    const store = memoryStore();
    const ours = await staged(store, 5, [row(1, "ours")]);
    const theirs = await staged(store, 4, [row(2, "theirs")], "other");
    let isFirst = true;
    const slow: ObjectStore = {
      ...store,
      putIfAbsent: async (path, bytes) => {
        if (path.startsWith("_commits/") && isFirst) {
          isFirst = false;
          await commit(store, theirs, "other");
        }
        return store.putIfAbsent(path, bytes);
      },
    };
    await expect(commit(slow, ours)).rejects.toMatchObject({ code: "DF_SINK_OTHER_LINEAGE" });
    expect((await committedRows(store)).map(({ city }) => city)).toEqual(["theirs"]);
  });

  test("commits nothing for an epoch without rows", async () => {
    const store = memoryStore();
    expect((await commit(store, await staged(store, 1, []))).version).toBe("0");
    await commit(store, await staged(store, 2, [row(1, null)]));
    expect((await commit(store, await staged(store, 3, []))).version).toBe("1");
    expect(await store.list("_commits/")).toHaveLength(1);
  });
});

describe("a Parquet directory that is not as it was", () => {
  const open = (store: ObjectStore, changes: Partial<CommitterContext>) =>
    parquetCommitter(store, options, contextOf(changes), encoder);

  test("is refused when its last commits were taken away", async () => {
    const store = memoryStore();
    await commit(store, await staged(store, 1, [row(1, null)]));
    const delivered = await commit(store, await staged(store, 2, [row(2, null)]));
    await store.delete(commitPath(2));
    const committer = open(store, { delivered });
    await committer.prepare();
    await expect(committer.marker()).rejects.toThrow(/version 2.*epoch 1.*\[DF_SINK_ROLLED_BACK\]/);
  });

  test("is not made by a muted committer, which writes nothing", async () => {
    const store = memoryStore();
    const puts: string[] = [];
    const plain = { ...store };
    store.putIfAbsent = (path, bytes) => {
      puts.push(path);
      return plain.putIfAbsent(path, bytes);
    };
    const committer = open(store, { muted: true });
    await committer.prepare();
    expect(await committer.marker()).toBeUndefined();
    expect(puts).toEqual([]);
  });

  test("is refused when its last commits are taken away under a run that has seen them", async () => {
    const store = memoryStore();
    await commit(store, await staged(store, 1, [row(1, null)]));
    const committer = open(store, { delivered: await commit(store, await staged(store, 2, [row(2, null)])) });
    await committer.prepare();
    expect((await committer.marker())?.epoch).toBe(2);
    const third = await staged(store, 3, [row(3, null)]);
    await committer.commit(third);
    expect(await committer.marker()).toEqual(third.marker);
    await store.delete(commitPath(3));
    await expect(committer.marker()).rejects.toThrow(/version 3.*is 2 \(epoch 2\).*\[DF_SINK_ROLLED_BACK\]/);
  });

  test("is refused when it is gone, or another one lies in its place", async () => {
    const store = memoryStore();
    const delivered = await commit(store, await staged(store, 1, [row(1, null)]));
    await expect(open(memoryStore(), { delivered }).prepare()).rejects.toThrow(
      /is gone.*\[DF_SINK_REPLACED\]/,
    );
    const other = memoryStore();
    await staged(other, 1, []);
    await expect(open(other, { delivered }).prepare()).rejects.toThrow(/another one.*\[DF_SINK_REPLACED\]/);
  });

  test("is refused when it belongs to another sink", async () => {
    const store = memoryStore();
    await staged(store, 1, []);
    const prepared = open(store, { sink: "other" }).prepare();
    await expect(prepared).rejects.toThrow(
      /sink "s" of pipeline "p".*\{ renamedFrom: "s" \}.*\[DF_SINK_OTHER_PIPELINE\]/,
    );
  });

  test.each([
    [
      "another type",
      { id: t.int32(), city: t.string().nullable(), at: t.timestamp() },
      /"id".*int32.*has int64/,
    ],
    ["a column more", { ...Row.columns, more: t.bool() }, /"more".*no such column/],
    ["a column less", { id: t.int64(), at: t.timestamp() }, /"city".*does not write/],
    ["nulls where it has none", { ...Row.columns, id: t.int64().nullable() }, /"id".*nullable.*not null/],
  ])("is refused when the rows have %s", async (_, columns, message) => {
    const store = memoryStore();
    await staged(store, 1, []);
    const prepared = open(store, { input: { ...shape, schema: t.row(columns).schema } }).prepare();
    await expect(prepared).rejects.toThrow(message);
    await expect(prepared).rejects.toMatchObject({ code: "DF_SCHEMA_TYPE" });
  });

  test("takes rows without nulls where it allows them", async () => {
    const store = memoryStore();
    await staged(store, 1, []);
    const { schema } = t.row({ ...Row.columns, city: t.string() });
    await expect(open(store, { input: { ...shape, schema } }).prepare()).resolves.toBeUndefined();
  });

  test("is not read when a commit in the middle is missing or damaged", async () => {
    const store = memoryStore();
    await commit(store, await staged(store, 1, [row(1, null)]));
    await commit(store, await staged(store, 2, [row(2, null)]));
    await store.put(commitPath(1), new TextEncoder().encode("{"));
    await expect(readManifest(store)).rejects.toMatchObject({ code: "DF_SINK_CORRUPT" });
    await store.delete(commitPath(1));
    await expect(readManifest(store)).rejects.toMatchObject({ code: "DF_SINK_CORRUPT" });
  });
});

test("parquet() writes to the directory it names, relative to where the command runs", async () => {
  const directory = await mkdtemp(join(tmpdir(), "dataflow-parquet-"));
  try {
    const spec = parquet({ path: "out", partitionBy: ["city"] });
    const stored = JSON.parse(JSON.stringify(spec.options)) as Json;
    const committer = await committerFactory.open(stored, contextOf({ directory }));
    await committer.prepare();
    async function* batches() {
      yield batchOf(Row.schema, [row(1, "a/b"), row(2, null)]);
    }
    const made = await committer.stage({ batches: batches(), through: 1, positions: null, clock: 0 });
    const { contentHash, manifest } = made;
    const marker = {
      pipeline: "p",
      lineage: "l",
      epoch: 1,
      hash: "h",
      positions: null,
      clock: null,
      contentHash,
    };
    await committer.commit({ marker, follows: null, manifest });
    await committer.close();
    const paths = await patternPaths(localStore(join(directory, "out")));
    expect(paths.map((path) => path.replace(/data-.*/, ""))).toEqual([
      "city=__HIVE_DEFAULT_PARTITION__/",
      "city=a%2Fb/",
    ]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("parquet() refuses what it cannot write", () => {
  expect(() => parquet({ path: "s3://bucket/x" })).toThrow(/local directory.*\[DF_OPTION\]/);
  expect(() => parquet({ path: "" })).toThrow("DF_OPTION");
  const sink = parquet({ path: "out", partitionBy: ["city"] });
  expect(() => sink.check({ ...shape, change: "upsert", key: ["id"] })).toThrow(/updates.*\[DF_CHANGE\]/);
  expect(() => parquet({ path: "out", partitionBy: ["nope"] }).check(shape)).toThrow("DF_NO_COLUMN");
  expect(() => sink.check(shape)).not.toThrow();
});

test("staged names differ from final ones in the file name only", () => {
  expect(stagedPath("a=1/data-x.parquet")).toBe("a=1/.data-x.parquet.staged");
  expect(stagedPath("data-x.parquet")).toBe(".data-x.parquet.staged");
});
