import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { byteStrings, stringAt } from "../batch/byte-strings.ts";
import type { Checkpoint } from "./records.ts";
import { SPOOLED_BYTES_MIN } from "./spool.ts";
import { SqliteState } from "./sqlite-state.ts";
import { packChanges } from "./index-changes.ts";
import { openStateThread } from "./state-thread.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const newFile = (): string => join(mkdtempSync(join(tmpdir(), "dataflow-state-")), "state.sqlite");

const noSpool = {
  keep: neverCalled,
  spool: {
    append: neverCalled,
    seal: neverCalled,
    read: neverCalled,
    remove: neverCalled,
    keepOnly: () => {},
    close: () => {},
  },
  spooledBytesMin: Number.POSITIVE_INFINITY,
};
function neverCalled(): never {
  throw new Error("there is no spool");
}

function checkpoint(epoch: number, parts: Partial<Checkpoint> = {}): Checkpoint {
  return {
    record: { epoch, splits: [], clocks: {}, ledger: [], drained: false },
    fingerprint: "plan",
    chunks: [],
    marks: [],
    held: [],
    ahead: [],
    sinks: [],
    ...parts,
  };
}

test("an epoch is there after the process has ended without a word", () => {
  const file = newFile();
  const state = new SqliteState(file, "p");
  state.commit(checkpoint(1, { held: [{ sink: "s", shard: 0, seq: 0, rows: 2, bytes: bytes(1, 2) }] }));
  const { lineage } = state.identity();
  state.close();
  const again = new SqliteState(file, "p");
  expect(again.identity()).toEqual({
    pipeline: "p",
    lineage,
    ancestors: [],
    adopts: [],
    owner: 2,
    epoch: 1,
    fingerprint: "plan",
    drained: false,
  });
  expect(again.undelivered()).toEqual([{ sink: "s", rows: 2, bytes: 2 }]);
  again.close();
});

test("a second opener is refused while the first one lives", () => {
  const file = newFile();
  const state = new SqliteState(file, "p");
  expect(() => new SqliteState(file, "p")).toThrow("DF_ALREADY_RUNNING");
  state.close();
});

test("a process that was overtaken can neither read nor write", () => {
  // A lock that does not hold, as on some network file systems: two processes have one database.
  const db = new Database(":memory:");
  const first = new SqliteState("shared", "p", { ...noSpool, open: () => db });
  first.commit(checkpoint(1));
  const second = new SqliteState("shared", "p", { ...noSpool, open: () => db });
  expect(() => first.lastCheckpoint()).toThrow("DF_FENCED");
  expect(() => first.deliveries("s")).toThrow("DF_FENCED");
  expect(() => first.commit(checkpoint(2))).toThrow("DF_FENCED");
  second.commit(checkpoint(2));
  expect(second.lastCheckpoint()?.epoch).toBe(2);
});

test("a state is not given to a pipeline of another name", () => {
  const file = newFile();
  new SqliteState(file, "p").close();
  expect(() => new SqliteState(file, "q")).toThrow('belongs to pipeline "p", not "q"');
});

test("epochs follow each other without gaps", () => {
  const state = new SqliteState(newFile(), "p");
  state.commit(checkpoint(1));
  expect(() => state.commit(checkpoint(3))).toThrow("epoch 3 does not follow 1");
  expect(state.identity().epoch).toBe(1);
  state.close();
});

test("a full chunk replaces the older ones of its group, and only those", () => {
  const state = new SqliteState(newFile(), "p");
  const chunk = (keyGroup: number, value: number, full = false) => ({
    node: "n",
    table: "t",
    keyGroup,
    full,
    bytes: bytes(value),
  });
  state.commit(checkpoint(1, { chunks: [chunk(1, 10), chunk(2, 20)] }));
  state.commit(checkpoint(2, { chunks: [chunk(1, 11, true), chunk(1, 12, true)] }));
  const ids = state.chunkList("n").map(({ id }) => id);
  expect(state.chunks(ids).map((each) => each.bytes[0])).toEqual([20, 11, 12]);
  state.close();
});

test("a recorded delivery ends what was held and intended, moves the index, and leaves later epochs held", () => {
  const state = new SqliteState(newFile(), "p");
  const held = (seq: number) => [{ sink: "s", shard: 0, seq, rows: 1, bytes: bytes(seq) }];
  state.commit(checkpoint(1, { held: held(0) }));
  state.commit(checkpoint(2, { held: held(0) }));
  const marker = {
    pipeline: "p",
    lineage: "l",
    epoch: 1,
    hash: "h",
    positions: {},
    clock: null,
    contentHash: "c",
  };
  const index = { keys: byteStrings([bytes(1), bytes(2)]), values: byteStrings([bytes(9), bytes()]) };
  state.storeIntent(
    { sink: "s", rows: 1, intent: { marker, follows: null, manifest: { files: [] } } },
    index,
  );
  expect(state.intents()).toEqual([
    {
      sink: "s",
      rows: 1,
      intent: {
        marker,
        follows: null,
        manifest: { files: [] },
      },
    },
  ]);
  expect(state.indexDecided("s")).toEqual(index);
  state.indexClear("s");
  expect(() => state.indexAdd("s", index)).toThrow("no index is built while an intent changes it");
  state.indexFinish("s", "6");
  const delivered = { epoch: 1, hash: "h", contentHash: "c", version: "7", state: { table: "t" } };
  state.recordDelivery({ sink: "s", delivered, rows: 1 });
  expect(state.intents()).toEqual([]);
  expect(state.undelivered()).toEqual([{ sink: "s", rows: 1, bytes: 1 }]);
  const found = state.indexGet("s", index.keys);
  expect([stringAt(found, 0), stringAt(found, 1)]).toEqual([bytes(9), bytes()]);
  expect(state.indexVersion("s")).toBe("7");
  expect(state.deliveries("s")).toEqual([delivered]);
  state.close();
});

test("the last hundred deliveries are kept", () => {
  const state = new SqliteState(newFile(), "p");
  for (let epoch = 1; epoch <= 105; epoch++) {
    const delivered = { epoch, hash: `h${epoch}`, contentHash: "c", version: "1", state: null };
    state.recordDelivery({ sink: "s", delivered, rows: 1 });
  }
  const kept = state.deliveries("s").map(({ epoch }) => epoch);
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([100, 105, 6]);
  state.close();
});

test("the thread answers like the file, and its refusals keep their code", async () => {
  const file = newFile();
  const state = openStateThread(join(file, ".."), "p");
  expect((await state.identity()).epoch).toBe(0);
  await expect(state.commit(checkpoint(5))).rejects.toMatchObject({ code: "DF_BUG" });
  await state.commit(checkpoint(1));
  expect((await state.lastCheckpoint())?.epoch).toBe(1);
  const second = openStateThread(join(file, ".."), "p");
  await expect(second.identity()).rejects.toMatchObject({ code: "DF_ALREADY_RUNNING" });
  await state.close();
});

test("a refusal says its code once, also behind the thread", async () => {
  const state = openStateThread(join(newFile(), ".."), "p");
  await expect(state.commit(checkpoint(5))).rejects.toThrow(/^epoch 5 does not follow 0 \[DF_BUG\]$/);
  await state.close();
});

test("a process that was refused a state comes to its end", () => {
  const directory = mkdtempSync(join(tmpdir(), "dataflow-state-"));
  const thread = new URL("./state-thread.ts", import.meta.url).href;
  const script = `
    import { openStateThread } from ${JSON.stringify(thread)};
    const first = openStateThread(${JSON.stringify(directory)}, "p");
    await first.identity();
    const second = openStateThread(${JSON.stringify(directory)}, "p");
    await second.identity().catch((thrown) => console.log(thrown.code));
    await second.close().catch(() => {});
    await first.close();
    console.log("done");`;
  const file = join(directory, "refused.mjs");
  writeFileSync(file, script);
  const ended = spawnSync(process.execPath, [file], { encoding: "utf8", timeout: 20_000 });
  expect([ended.stdout, ended.signal]).toEqual(["DF_ALREADY_RUNNING\ndone\n", null]);
});

test("a large delivery gives its room back to the disk, but for what the next epochs fill again", () => {
  const file = newFile();
  const state = new SqliteState(file, "p");
  const epochs = 400;
  const held = [{ sink: "s", shard: 0, seq: 0, rows: 1, bytes: new Uint8Array(SPOOLED_BYTES_MIN - 1) }];
  for (let epoch = 1; epoch <= epochs; epoch++) state.commit(checkpoint(epoch, { held }));
  const delivered = { epoch: epochs, hash: "h", contentHash: "c", version: "1", state: null };
  state.recordDelivery({ sink: "s", delivered, rows: epochs });
  state.close();
  const sizeBytes = statSync(file).size;
  expect([sizeBytes > 16 << 20, sizeBytes < 48 << 20]).toEqual([true, true]);
});

test("what a state of format 3 has decided about an index is packed, and the index itself is made again", () => {
  const file = newFile();
  new SqliteState(file, "p").close();
  const old = new Database(file);
  old.exec(`
    DROP TABLE key_run;
    DROP TABLE key_page;
    CREATE TABLE intent_index (sink TEXT, seq INTEGER, key BLOB, value BLOB, PRIMARY KEY (sink, seq)) STRICT;
    CREATE TABLE key_index (sink TEXT, key BLOB, value BLOB, PRIMARY KEY (sink, key)) STRICT, WITHOUT ROWID;
    INSERT INTO intent VALUES ('s', 1, 2, '{"manifest":{}}');
    INSERT INTO intent_index VALUES ('s', 0, x'01', x'0909'), ('s', 1, x'0102', NULL);
    INSERT INTO key_index VALUES ('s', x'01', x'08');
    INSERT INTO key_index_version VALUES ('s', '7');
    UPDATE meta SET value = '3' WHERE name = 'format_version';
  `);
  old.close();
  const state = new SqliteState(file, "p");
  const index = { keys: byteStrings([bytes(1), bytes(1, 2)]), values: byteStrings([bytes(9, 9), bytes()]) };
  expect(state.intents()).toEqual([{ sink: "s", rows: 2, intent: { manifest: {} } }]);
  expect(state.indexDecided("s")).toEqual(index);
  const delivered = { epoch: 1, hash: "h", contentHash: "c", version: "8", state: null };
  state.recordDelivery({ sink: "s", delivered, rows: 2 });
  expect(state.indexVersion("s")).toBeUndefined();
  expect(stringAt(state.indexGet("s", index.keys), 0)).toHaveLength(0);
  state.close();
});

test("what a state of format 4 has decided about an index counts with its delivery, and the index goes on", () => {
  const file = newFile();
  new SqliteState(file, "p").close();
  const old = new Database(file);
  const page = (key: number, value: number): Uint8Array =>
    packChanges({ keys: byteStrings([bytes(key)]), values: byteStrings([bytes(value)]) });
  old.exec(`
    DROP TABLE key_run;
    DROP TABLE key_page;
    CREATE TABLE intent_changes (sink TEXT, seq INTEGER, bytes BLOB, PRIMARY KEY (sink, seq)) STRICT;
    CREATE TABLE key_page (sink TEXT, first BLOB, bytes BLOB, PRIMARY KEY (sink, first)) STRICT;
    INSERT INTO intent VALUES ('s', 1, 2, '{"manifest":{}}');
    INSERT INTO key_index_version VALUES ('s', '7');
    UPDATE meta SET value = '4' WHERE name = 'format_version';
  `);
  const pages = old.prepare("INSERT INTO key_page VALUES ('s', ?, ?)");
  pages.run(bytes(), page(1, 8));
  pages.run(bytes(2), page(2, 8));
  const pieces = old.prepare("INSERT INTO intent_changes VALUES ('s', ?, ?)");
  pieces.run(0, page(3, 9));
  pieces.run(1, page(2, 9));
  old.close();
  const state = new SqliteState(file, "p");
  const index = { keys: byteStrings([bytes(2), bytes(3)]), values: byteStrings([bytes(9), bytes(9)]) };
  expect(state.intents()).toEqual([{ sink: "s", rows: 2, intent: { manifest: {} } }]);
  expect(state.indexDecided("s")).toEqual(index);
  const asked = byteStrings([bytes(3), bytes(2), bytes(1)]);
  expect(state.indexGet("s", asked)).toEqual(byteStrings([bytes(), bytes(8), bytes(8)]));
  const delivered = { epoch: 1, hash: "h", contentHash: "c", version: "8", state: null };
  state.recordDelivery({ sink: "s", delivered, rows: 2 });
  expect(state.indexGet("s", asked)).toEqual(byteStrings([bytes(9), bytes(9), bytes(8)]));
  expect(state.indexVersion("s")).toBe("8");
  state.close();
});

test("of marks the last ten thousand are kept", () => {
  const file = newFile();
  const state = new SqliteState(file, "p");
  const marks = Array.from({ length: 6_000 }, (_, n) => ({ source: "s", split: "a", position: n, clock: n }));
  for (const epoch of [1, 2, 3]) state.commit(checkpoint(epoch, { marks }));
  state.close();
  const db = new Database(file, { readonly: true });
  expect(db.prepare("SELECT count(*) AS marks, min(epoch) AS first FROM mark").get()).toEqual({
    marks: 10_000,
    first: 2,
  });
  db.close();
});
