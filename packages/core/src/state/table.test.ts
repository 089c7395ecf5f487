import { describe, expect, it } from "vitest";
import type { Batch } from "../batch/batch.ts";
import { schemaOf, t } from "../schema/kit.ts";
import { wordsHash } from "./key-hash.ts";
import { TableCheckpoint } from "./checkpoint.ts";
import { readChunk } from "./chunk.ts";
import { MEMORY_BYTES_MAX } from "./memory.ts";
import type { Chunk, Keys, TableSpec } from "./state-store.ts";
import { MemoryStateTable } from "./table.ts";

const SPEC: TableSpec = {
  key: schemaOf({ id: t.int() }),
  value: [
    { name: "count", field: { name: "count", type: { kind: "float64" }, nullable: false, optional: false } },
  ],
};
const COUNT = 4000;

function tableOf(seed = 7): MemoryStateTable {
  return new MemoryStateTable("x", SPEC, { seed, memoryBytesMax: MEMORY_BYTES_MAX });
}

/** The keys `from`, `from + step`, … */
function keysFrom(from: number, step = 1, count = COUNT): Keys {
  return keysOf(Array.from({ length: count }, (_, i) => from + i * step));
}

/** Pairs of keys with one hash, side by side. */
function colliding(seed: number): number[] {
  const first = new Map<number, number>();
  const keys: number[] = [];
  for (let i = 0; i < 300_000; i++) {
    // Keys that differ in one int only have different hashes.
    const key = i * 5_000_000_029;
    const ints = Int32Array.of(key | 0, Math.floor(key / 2 ** 32));
    const hash = wordsHash(ints, 0, { plainInts: 2, stride: 2, seed });
    const other = first.get(hash);
    if (other === undefined) first.set(hash, key);
    else keys.push(other, key);
  }
  return keys;
}

function keysOf(numbers: readonly number[]): Keys {
  const values = Float64Array.from(numbers);
  const count = values.length;
  const batch: Batch = {
    schema: SPEC.key,
    length: count,
    columns: [{ layout: "long", values }],
    change: "append",
    times: new Float64Array(count),
    clocks: -Infinity,
  };
  return { batch, columns: [0], rows: Int32Array.from(values.keys()), count };
}

/** Inserts keys and sets each count to twice its key. */
function fill(table: MemoryStateTable, batches: number): void {
  const ids = new Int32Array(COUNT);
  for (let b = 0; b < batches; b++) {
    table.insert(keysFrom(b * COUNT), 0, ids, new Int32Array(COUNT));
    for (const [i, id] of ids.entries()) table.words[id * 2 + 1] = (b * COUNT + i) * 2;
  }
}

/** How many of the keys 0 … below `total` are there with the right count. */
function right(table: MemoryStateTable, total: number): number {
  const ids = new Int32Array(COUNT);
  let count = 0;
  for (let from = 0; from < total; from += COUNT) {
    table.find(keysFrom(from), 0, ids);
    for (const [i, id] of ids.entries()) if (id >= 0 && table.words[id * 2 + 1] === (from + i) * 2) count++;
  }
  return count;
}

function restored(chunks: readonly Chunk[]): MemoryStateTable {
  const table = tableOf(8);
  const checkpoint = new TableCheckpoint(table);
  for (const chunk of chunks) checkpoint.apply(readChunk(chunk));
  checkpoint.restored();
  return table;
}

const never = (): boolean => false;

describe("a large state table", () => {
  it("finds all of 100,000 rows while segments split and memory moves", () => {
    const table = tableOf();
    fill(table, 25);
    expect(right(table, 100_000)).toBe(100_000);
    const ids = new Int32Array(COUNT);
    table.find(keysFrom(-COUNT), 0, ids);
    expect(ids.every((id) => id === -1)).toBe(true);
  });

  it("keeps keys apart whose hashes are equal, in one batch and in two", () => {
    const table = tableOf();
    const keys = colliding(7);
    expect(keys.length).toBeGreaterThan(4);
    const ids = new Int32Array(keys.length * 2);
    const fresh = new Int32Array(keys.length);
    expect(table.insert(keysOf(keys), 0, ids, fresh)).toBe(keys.length);
    table.find(keysOf(keys), 0, ids.subarray(keys.length));
    expect([...ids.subarray(keys.length)]).toEqual([...ids.subarray(0, keys.length)]);
    expect(new Set(ids).size).toBe(keys.length);
    // Of each pair one key is gone: the search for it ends at the other, which is not it.
    table.remove(
      ids.filter((_, i) => i < keys.length && i % 2 === 0),
      keys.length / 2,
    );
    table.find(keysOf(keys), 0, ids);
    expect([...ids.subarray(0, keys.length)].filter((id) => id === -1)).toHaveLength(keys.length / 2);
    expect(table.insert(keysOf(keys), 0, ids, fresh)).toBe(keys.length / 2);
  });

  it("tags pages with a key group beyond 512 pages, and reuses what was removed", () => {
    const table = tableOf();
    fill(table, 25);
    const tags = table.pages.tags.subarray(0, table.pages.count);
    expect(tags.filter((tag) => tag < 0)).toHaveLength(512);
    const pages = table.pages.count;
    const ids = new Int32Array(COUNT);
    for (let b = 0; b < 25; b++) {
      table.find(keysFrom(b * COUNT), 0, ids);
      table.remove(ids, COUNT);
    }
    expect([table.size, table.words.length > 0]).toEqual([0, true]);
    fill(table, 25);
    expect(table.pages.count).toBe(pages);
    expect(right(table, 100_000)).toBe(100_000);
  });

  it("restores from deltas, a rewritten eighth of the groups, and removals", () => {
    const table = tableOf();
    const checkpoint = new TableCheckpoint(table);
    fill(table, 20);
    const log = [...checkpoint.gather(never)].flat();
    expect(log.every(({ full }) => full)).toBe(true);
    const ids = new Int32Array(1000);
    table.find(keysFrom(0, 80, 1000), 0, ids);
    table.remove(ids, 1000);
    table.find(keysFrom(1, 80, 1000), 0, ids);
    for (const id of ids) table.words[id * 2 + 1] = -1;
    table.touch(ids, 1000);
    const delta = [...checkpoint.gather((group) => group % 8 === 0)].flat();
    expect(delta.filter(({ full }) => full)).toHaveLength(16);
    const sizeBytes = delta.filter(({ full }) => !full).reduce((sum, { bytes }) => sum + bytes.length, 0);
    // 7/8 of 1000 removals of 8 bytes and 1000 rows of 16 bytes, and 112 headers.
    expect(sizeBytes).toBeLessThan(875 * 24 + 112 * 160 + 4000);
    log.push(...delta);
    const again = restored(log);
    expect([again.size, right(again, 80_000)]).toEqual([79_000, 78_000]);
  });

  it("restores a full set that spans several pieces, over an older one", () => {
    const table = tableOf();
    const checkpoint = new TableCheckpoint(table);
    fill(table, 5);
    const log = [...checkpoint.gather(never)].flat();
    const ids = new Int32Array(COUNT);
    table.find(keysFrom(0), 0, ids);
    table.remove(ids, COUNT);
    const pieces = [...checkpoint.gather(() => true, 512)].flat();
    expect(pieces.length).toBeGreaterThan(256);
    expect(pieces.every(({ bytes, full }) => full && bytes.length <= 512)).toBe(true);
    log.push(...pieces);
    const again = restored(log);
    expect([again.size, right(again, 20_000)]).toEqual([16_000, 16_000]);
  });

  it("makes older chunks void when a group has lost its last row", () => {
    const table = tableOf();
    const checkpoint = new TableCheckpoint(table);
    fill(table, 1);
    const log = [...checkpoint.gather(never)].flat();
    const ids = new Int32Array(COUNT);
    table.find(keysFrom(0), 0, ids);
    table.remove(ids, COUNT);
    const empty = [...checkpoint.gather(never)].flat();
    expect(empty).toHaveLength(128);
    expect(empty.every(({ full }) => full)).toBe(true);
    expect([...checkpoint.gather(() => true)].flat()).toEqual([]);
    expect(restored([...log, ...empty]).size).toBe(0);
  });

  it("gives segments, pages and rows of dropped panes to later ones", () => {
    const table = new MemoryStateTable(
      "x",
      { ...SPEC, panes: true },
      { seed: 1, memoryBytesMax: MEMORY_BYTES_MAX },
    );
    const ids = new Int32Array(COUNT);
    const sizes: number[] = [];
    for (let pane = 0; pane < 60; pane++) {
      table.insert(keysFrom(pane), pane, ids, new Int32Array(COUNT));
      // The first two drops are of panes that are not there.
      sizes.push(table.drop(pane - 2));
      if (pane >= 3) sizes.push(table.words.length, table.pages.count);
    }
    expect(new Set(sizes).size).toBe(4);
    expect(table.panes()).toEqual([58, 59]);
  });
});
