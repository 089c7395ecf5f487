import { copyFileSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Checkpoint, HeldFrame } from "./records.ts";
import { directorySpool, SPOOLED_BYTES_MIN } from "./spool.ts";
import { SqliteState } from "./sqlite-state.ts";

const newFolder = (): string => mkdtempSync(join(tmpdir(), "dataflow-spool-"));
const filesIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith(".frames"));

/** Two frames of an epoch, together as large as said. */
function frames(bytes: number, sink = "s"): HeldFrame[] {
  const frame = (seq: number, length: number): HeldFrame => {
    const filled = new Uint8Array(length).fill(seq + 1);
    return { sink, shard: 0, seq, rows: length, bytes: filled };
  };
  return [frame(0, bytes - 5), frame(1, 5)];
}

function checkpoint(epoch: number, held: readonly HeldFrame[], ahead: readonly HeldFrame[] = []): Checkpoint {
  const record = { epoch, splits: [], clocks: {}, ledger: [], drained: false };
  const sent = ahead.map(({ sink, rows, bytes }) => ({ sink, rows, bytes: bytes.length }));
  return { record, fingerprint: "plan", chunks: [], marks: [], held, ahead: sent, sinks: [] };
}

function delivery(sink: string, epoch: number) {
  const delivered = { epoch, hash: "h", contentHash: "0", version: "1", state: null };
  return { sink, delivered, rows: 1 };
}

test("what an epoch holds lies in a file where it is much, and is read as it was, also by the next process", () => {
  const folder = newFolder();
  const first = new SqliteState(join(folder, "state.sqlite"), "p");
  const [little, much] = [frames(SPOOLED_BYTES_MIN - 1), frames(SPOOLED_BYTES_MIN)];
  first.commit(checkpoint(1, little));
  expect(filesIn(folder)).toEqual([]);
  first.commit(checkpoint(2, much));
  expect(filesIn(folder)).toEqual(["held-1-2.frames"]);
  first.close();
  const second = new SqliteState(join(folder, "state.sqlite"), "p");
  const read = second.heldFrames("s", 2, 0, 10);
  expect(read.map((frame) => ({ ...frame, bytes: new Uint8Array(frame.bytes) }))).toEqual([
    ...little,
    ...much,
  ]);
  expect(second.undelivered()).toEqual([
    { sink: "s", rows: SPOOLED_BYTES_MIN * 2 - 1, bytes: SPOOLED_BYTES_MIN * 2 - 1 },
  ]);
  second.close();
});

test("rows that came ahead of their checkpoint count with it alone, in the order in which they came", () => {
  const folder = newFolder();
  const state = new SqliteState(join(folder, "state.sqlite"), "p");
  const place = { sink: "s", shard: 0, rows: 1 };
  const all = [3, 1, 2].map((value, seq) => ({
    ...place,
    seq,
    bytes: new Uint8Array(value + 9).fill(value),
  }));
  const [first, second, third] = all as [HeldFrame, HeldFrame, HeldFrame];
  state.hold(1, [first]);
  state.hold(1, [second]);
  expect(state.undelivered()).toEqual([]);
  // What is little has its place in the file, too, where others of its epoch are.
  state.commit(checkpoint(1, [third], [first, second]));
  expect(state.undelivered()).toEqual([{ sink: "s", rows: 3, bytes: 12 + 10 + 11 }]);
  const read = state.heldFrames("s", 1, 0, 10);
  expect(read.map(({ seq, bytes }) => [seq, ...new Uint8Array(bytes)])).toEqual(
    all.map(({ seq, bytes }) => [seq, ...bytes]),
  );
  state.commit(checkpoint(2, [first]));
  expect(filesIn(folder)).toEqual(["held-1-1.frames"]);
  state.close();
});

test("frames that are read a few at a time come once each and in their order, of two sinks in turn", () => {
  const state = new SqliteState(join(newFolder(), "state.sqlite"), "p");
  const ofShard = (shard: number, sink: string): HeldFrame[] =>
    frames(8, sink).map((frame) => ({ ...frame, shard, rows: shard * 10 + frame.seq }));
  for (const epoch of [1, 2, 3])
    state.commit(
      checkpoint(
        epoch,
        ["s", "r"].flatMap((sink) => [1, 0].flatMap((shard) => ofShard(shard, sink))),
      ),
    );
  const read: Record<string, number[]> = { s: [], r: [] };
  for (let after = 0; after < 8; after += 3) {
    for (const [sink, rows] of Object.entries(read))
      rows.push(...state.heldFrames(sink, 2, after, 3).map((frame) => frame.rows));
    for (const frame of state.heldFrames("s", 2, after, 2)) expect(frame.sink).toBe("s");
  }
  expect(read).toEqual({ s: [0, 1, 10, 11, 0, 1, 10, 11], r: [0, 1, 10, 11, 0, 1, 10, 11] });
  const pairs = [0, 2, 4, 6, 8].map((after) => state.heldFrames("s", 3, after, 2).map(({ rows }) => rows));
  expect(pairs).toEqual([
    [0, 1],
    [10, 11],
    [0, 1],
    [10, 11],
    [0, 1],
  ]);
  state.close();
});

test("rows that came ahead of a checkpoint which was never made are gone with the process", () => {
  const folder = newFolder();
  const state = new SqliteState(join(folder, "state.sqlite"), "p");
  state.hold(1, frames(10));
  state.close();
  expect(filesIn(folder)).toEqual(["held-1-1.frames"]);
  const next = new SqliteState(join(folder, "state.sqlite"), "p");
  next.commit(checkpoint(1, frames(8)));
  expect(next.undelivered()).toEqual([{ sink: "s", rows: 8, bytes: 8 }]);
  next.close();
  expect(filesIn(folder)).toEqual([]);
});

test("a checkpoint that misses rows which were sent ahead of it, or has too many of them, is not stored", () => {
  const state = new SqliteState(join(newFolder(), "state.sqlite"), "p");
  const [first, second] = frames(10) as [HeldFrame, HeldFrame];
  state.hold(1, [first]);
  expect(() => state.commit(checkpoint(1, [second]))).toThrow(
    "epoch 1 has 1 frames ahead of it instead of 0",
  );
  expect(() => state.commit(checkpoint(1, [], [first, second]))).toThrow("instead of 2");
  expect(state.identity().epoch).toBe(0);
  state.close();
});

test("a file goes when the last of its rows is delivered, and what no epoch names goes with the first epoch of the next process", () => {
  const folder = newFolder();
  const state = new SqliteState(join(folder, "state.sqlite"), "p");
  state.commit(checkpoint(1, [...frames(SPOOLED_BYTES_MIN), ...frames(SPOOLED_BYTES_MIN, "t")]));
  state.commit(checkpoint(2, frames(SPOOLED_BYTES_MIN)));
  state.recordDelivery(delivery("s", 1));
  expect(filesIn(folder)).toEqual(["held-1-1.frames", "held-1-2.frames"]);
  state.recordDelivery(delivery("t", 2));
  expect(filesIn(folder)).toEqual(["held-1-2.frames"]);
  // A process was killed between the file and the transaction.
  writeFileSync(join(folder, "held-1-3.frames"), "begun");
  writeFileSync(join(folder, "held-notes.frames"), "not ours");
  state.close();
  const next = new SqliteState(join(folder, "state.sqlite"), "p");
  next.commit(checkpoint(3, []));
  next.close();
  expect(filesIn(folder)).toEqual(["held-1-2.frames", "held-notes.frames"]);
});

test("a start of an older copy that is refused leaves the files of the newest state, which goes on when it is put back", () => {
  const folder = newFolder();
  const file = join(folder, "state.sqlite");
  const [older, newest] = [join(folder, "older"), join(folder, "newest")];
  new SqliteState(file, "p").close();
  copyFileSync(file, older);
  const state = new SqliteState(file, "p");
  state.commit(checkpoint(1, frames(SPOOLED_BYTES_MIN)));
  state.close();
  copyFileSync(file, newest);
  copyFileSync(older, file);
  // It is opened, its targets turn out to know more, and it is closed.
  new SqliteState(file, "p").close();
  copyFileSync(newest, file);
  const again = new SqliteState(file, "p");
  const lengths = again.heldFrames("s", 1, 0, 10).map(({ bytes }) => bytes.length);
  expect(lengths).toEqual([SPOOLED_BYTES_MIN - 5, 5]);
  again.close();
});

test("rows whose file is gone or cut are told as damage of the state", () => {
  const folder = newFolder();
  const state = new SqliteState(join(folder, "state.sqlite"), "p");
  state.commit(checkpoint(1, frames(SPOOLED_BYTES_MIN)));
  truncateSync(join(folder, "held-1-1.frames"), SPOOLED_BYTES_MIN - 1);
  const whole = SPOOLED_BYTES_MIN;
  expect(() => state.heldFrames("s", 1, 0, 10)).toThrow(
    `rows that are decided and not yet delivered lie in ${folder}/held-1-1.frames, but it ends at byte ${whole - 1} instead of ${whole}. Put back the newest copy of its whole directory`,
  );
  rmSync(join(folder, "held-1-1.frames"));
  expect(() => state.heldFrames("s", 1, 0, 10)).toThrow(/DF_STATE_CORRUPT|no such file/);
  state.close();
});

test("a file that cannot be written whole is not left behind", () => {
  const folder = newFolder();
  const spool = directorySpool(folder);
  // As a disk does that has no room left.
  const broken = { length: 1 } as Uint8Array;
  spool.append("held-1-1.frames", [new Uint8Array(9)]);
  expect(() => spool.append("held-1-1.frames", [new Uint8Array(9), broken])).toThrow('"buffer" argument');
  expect(filesIn(folder)).toEqual([]);
});
