import { equal } from "node:assert/strict";
import { expect, test } from "vitest";
import { batchOf } from "../batch/rows.ts";
import { t } from "../schema/kit.ts";
import type { TextHeap } from "./heap.ts";
import { MemoryScratchFile } from "./scratch.ts";
import { StateBudget } from "./state-budget.ts";
import { MemoryStateStore } from "./store.ts";
import type { StateTable } from "./state-store.ts";

const Key = t.row({ id: t.int64() });
const BATCH_ROWS = 64;
const KIB = 1024;

function budgetOf(
  limitBytes: number,
  more: { readonly indexBytesMax?: number; readonly fileBytesMax?: number } = {},
) {
  const { indexBytesMax = 2 ** 30, fileBytesMax } = more;
  const scratch = (): MemoryScratchFile => new MemoryScratchFile(fileBytesMax);
  return new StateBudget({ limitBytes, indexBytesMax, scratch, batchRows: BATCH_ROWS });
}

/** A table of rows of 64 bytes. */
function tableIn(budget: StateBudget, name = "x"): StateTable {
  return storeIn(budget, name).table;
}

function storeIn(budget: StateBudget, name = "x"): { store: MemoryStateStore; table: StateTable } {
  const store = new MemoryStateStore({ seed: 1, budget });
  const table = store.table(name, {
    key: Key.schema,
    panes: true,
    value: [
      { name: "sums", words: 6 },
      { name: "note", field: { name: "note", type: { kind: "string" }, nullable: true, optional: false } },
    ],
  });
  return { store, table };
}

/** Adds 1 to the first sum of rows `from .. to`, a batch after the other, each in a call of its own. */
function add(table: StateTable, budget: StateBudget, [from, to]: readonly [number, number], pane = 0): void {
  const ids = new Int32Array(BATCH_ROWS);
  for (let at = from; at < to; at += BATCH_ROWS) {
    const rows = Array.from({ length: Math.min(BATCH_ROWS, to - at) }, (_, i) => ({ id: BigInt(at + i) }));
    const keys = {
      batch: batchOf(Key.schema, rows),
      columns: [0],
      rows: Int32Array.from(rows.keys()),
      count: rows.length,
    };
    table.insert(keys, pane, ids, new Int32Array(BATCH_ROWS));
    table.offsets(ids, rows.length, ids);
    const sums = table.offset("sums");
    for (const start of ids.subarray(0, rows.length))
      table.words[start + sums] = (table.words[start + sums] ?? 0) + 1;
    budget.settle();
  }
}

/** The first sums of all rows of a pane, in the order of their keys. */
function sumsOf(table: StateTable, pane = 0): number[] {
  const ids = new Int32Array(1);
  return Array.from({ length: table.sizeOf(pane) }, (_, i) => {
    table.scan(pane, i, ids);
    table.offsets(ids, 1, ids);
    return table.words[(ids[0] ?? 0) + table.offset("sums")] ?? -1;
  });
}

test("a table of ten times its budget has the rows it would have in memory, and holds no more than the budget", () => {
  const budget = budgetOf(64 * KIB);
  const table = tableIn(budget);
  add(table, budget, [0, 10_500]);
  add(table, budget, [5_000, 6_000]);
  const { residentBytes, spilledBytes } = budget.use;
  expect(residentBytes).toBeLessThanOrEqual(64 * KIB * 1.125);
  expect(spilledBytes).toBeGreaterThan(9 * 64 * KIB);
  expect(sumsOf(table)).toEqual(Array.from({ length: 10_500 }, (_, i) => (i >= 5_000 && i < 6_000 ? 2 : 1)));
});

test("without need nothing is spilled, and no scratch file is opened", () => {
  const budget = budgetOf(1024 * KIB);
  const table = tableIn(budget);
  add(table, budget, [0, 10_000]);
  expect([budget.hasSpilled, budget.use.spilledBytes]).toEqual([false, 0]);
});

test("a table that came late gets its share of memory from one that has it all", () => {
  const budget = budgetOf(256 * KIB);
  const [early, late] = [tableIn(budget, "early"), tableIn(budget, "late")];
  add(early, budget, [0, 4_000]);
  const before = budget.use.reads;
  add(late, budget, [0, 1_500]);
  for (let round = 0; round < 5; round++) add(late, budget, [0, 1_500]);
  // 94 KiB are less than half of the budget: they are written once and stay.
  expect(budget.use.reads - before).toBe(0);
  expect(sumsOf(late)).toEqual(Array.from({ length: 1_500 }, () => 6));
  expect(sumsOf(early)).toEqual(Array.from({ length: 4_000 }, () => 1));
});

test("rows that are asked for again and again stay in memory among others that are not", () => {
  const budget = budgetOf(64 * KIB);
  const table = tableIn(budget);
  add(table, budget, [0, 4_000]);
  add(table, budget, [0, 64]);
  const before = budget.use.reads;
  for (let at = 1_000; at < 4_000; at += 64) {
    add(table, budget, [at, at + 64]);
    add(table, budget, [0, 64]);
  }
  // Each of the others is read once: 3,000 rows, 16 of them a span.
  expect(budget.use.reads - before).toBeLessThan(3_000 / 16 + 6);
});

test("a call that asks for all rows, one after another, does not bring all of them into memory", () => {
  const budget = budgetOf(64 * KIB);
  const table = tableIn(budget);
  add(table, budget, [0, 10_500]);
  sumsOf(table);
  // Four times 64 spans of a KiB.
  expect(budget.use.residentBytes).toBeLessThanOrEqual(4 * BATCH_ROWS * KIB);
});

test("offsets of three batches are valid together, though there is no memory for them", () => {
  const budget = budgetOf(0);
  const table = tableIn(budget);
  add(table, budget, [0, 3_000]);
  const ids = new Int32Array(3_000);
  table.scan(0, 0, ids);
  const far = [0, 1, 2].map((nth) => ids.filter((_, i) => i % 16 === 0 && Math.floor(i / 1_024) === nth));
  for (const some of far) table.touch(some, some.length);
  const offsets = far.map((some) => {
    const out = new Int32Array(some.length);
    table.offsets(some, some.length, out);
    return out;
  });
  for (const start of offsets.flatMap((some) => [...some])) table.words[start + table.offset("sums")] = 7;
  budget.settle();
  expect(sumsOf(table)).toEqual(Array.from({ length: 3_000 }, (_, i) => (i % 16 === 0 ? 7 : 1)));
});

test("what is written to a row that was touched in this epoch is kept without another touch", () => {
  const budget = budgetOf(0);
  const table = tableIn(budget);
  add(table, budget, [0, 1]);
  const at = new Int32Array(1);
  table.offsets(Int32Array.of(0), 1, at);
  table.words[(at[0] ?? 0) + table.offset("sums")] = 5;
  budget.settle();
  expect(sumsOf(table)).toEqual([5]);
});

test("texts go to disk with their rows, come back as they were, and leave no memory behind", () => {
  const budget = budgetOf(64 * KIB);
  const { store, table } = storeIn(budget);
  const noteOf = (id: number): Uint8Array => new TextEncoder().encode(`note ${id} `.repeat(20));
  const at = new Int32Array(1);
  const note = table.offset("note");
  add(table, budget, [0, 1_000]);
  for (let id = 0; id < 1_000; id++) {
    table.offsets(Int32Array.of(id), 1, at);
    const bytes = noteOf(id);
    table.words[(at[0] ?? 0) + note] = table.heap.put(bytes, 0, bytes.length);
    budget.settle();
  }
  store.gather(() => false);
  // Every second one is gone, in spans that the scratch file has as they were.
  for (let id = 0; id < 1_000; id += 2) {
    table.remove(Int32Array.of(id), 1);
    budget.settle();
  }
  for (let round = 0; round < 5; round++) {
    for (let id = 1; id < 1_000; id += 2) {
      table.offsets(Int32Array.of(id), 1, at);
      const text = table.heap.get(table.words[(at[0] ?? 0) + note] ?? 0);
      equal(Buffer.compare(text, noteOf(id)), 0);
      budget.settle();
    }
  }
  expect(budget.use.residentBytes).toBeLessThanOrEqual(64 * KIB * 1.125);
  const before = budget.use.reads;
  expect(table.drop(0)).toBe(500);
  // The texts of rows on disk need not be read to be forgotten.
  expect(budget.use.reads).toBe(before);
  expect((table.heap as TextHeap).liveBytes).toBe(0);
});

test("what is dropped or removed leaves nothing behind, in memory or on disk", () => {
  const budget = budgetOf(32 * KIB, { fileBytesMax: 2048 * KIB });
  const table = tableIn(budget);
  for (let pane = 0; pane < 20; pane++) {
    add(table, budget, [0, 5_000], pane);
    table.drop(pane);
    expect(table.size).toBe(0);
  }
  add(table, budget, [0, 1_000], 99);
  const ids = new Int32Array(1_000);
  table.scan(99, 0, ids);
  table.remove(ids, ids.length);
  add(table, budget, [0, 1], 100);
  // That one row, where the memory of those that were removed is given back.
  expect(budget.use.spilledBytes).toBeLessThanOrEqual(80);
});

test("a run whose keys alone need too much memory is stopped in words, before the machine is out of it", () => {
  const budget = budgetOf(256 * KIB, { indexBytesMax: 512 * KIB });
  expect(() => add(tableIn(budget), budget, [0, 100_000])).toThrow(
    /^Finding the rows of keyed state takes \d+ bytes .* the limit is 524288 bytes, twice what this thread has of stateBudget \(262144 bytes\)\. Raise stateBudget.*\[DF_STATE_FULL\]$/,
  );
});

test("a scratch file that may not grow stops the run in words", () => {
  const budget = budgetOf(64 * KIB, { fileBytesMax: 256 * KIB });
  expect(() => add(tableIn(budget), budget, [0, 100_000])).toThrow("DF_SCRATCH");
});

/** Keeps what was announced and not yet read, and counts. */
class WatchedScratchFile extends MemoryScratchFile {
  readonly announced = new Set<number>();
  most = 0;
  unannounced = 0;

  override ahead(_sizeBytes: number, atBytes: number): void {
    this.announced.add(atBytes);
    this.most = Math.max(this.most, this.announced.size);
  }

  override read(into: Uint8Array, atBytes: number): void {
    if (!this.announced.delete(atBytes)) this.unannounced++;
    super.read(into, atBytes);
  }
}

test("of the rows of a call that were spilled all but the first are announced before they are read, 32 at a time", () => {
  const file = new WatchedScratchFile();
  const scratch = (): WatchedScratchFile => file;
  const budget = new StateBudget({ limitBytes: 16 * KIB, indexBytesMax: 2 ** 30, scratch, batchRows: 64 });
  const table = tableIn(budget);
  add(table, budget, [0, 5_000]);
  expect(file.announced.size).toBe(0);
  // Each lies in another span.
  const rows = Int32Array.from({ length: 64 }, (_, i) => i * 64);
  table.offsets(rows, 64, new Int32Array(64));
  expect([file.announced.size, file.unannounced, file.most]).toEqual([0, 1, 32]);
});
