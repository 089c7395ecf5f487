/** A checkpoint: touched rows are gathered and committed, beside bare inserts of their words into SQLite. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BATCH_ROWS_MAX, KEY_GROUPS, type StateTable } from "@df/core";
import { openExclusively } from "@df/core/checkpoint/open-exclusively";
import type { Checkpoint } from "@df/core/checkpoint/records";
import { readChunk } from "@df/core/state/chunk";
import { SqliteState } from "@df/core/checkpoint/sqlite-state";
import { MemoryStateStore } from "@df/core/state/store";
import { warm, type Benchmark, type Sides } from "../benchmark.ts";
import { keysOf, scattered, schemaOfKey } from "./keys.ts";

const KEYS = 100_000;
const TOUCHED = 20_000;
const WORDS = 7;
/** As many as the runtime rewrites in an epoch. */
const GROUPS_REWRITTEN = 4;
const EPOCHS = 4;

function checkpointOf(epoch: number, store: MemoryStateStore): Checkpoint {
  const first = (epoch * GROUPS_REWRITTEN) % KEY_GROUPS;
  const chunks = store.gather((group) => (group - first + KEY_GROUPS) % KEY_GROUPS < GROUPS_REWRITTEN);
  return {
    record: { epoch, splits: [], clocks: {}, ledger: [], drained: false },
    fingerprint: "bench",
    chunks: chunks.map((chunk) => ({ node: "bench", ...chunk })),
    marks: [],
    held: [],
    ahead: [],
    sinks: [],
  };
}

/** Gives a row words as a few aggregates have them: doubles of all sizes, and some that nobody uses. */
function fillRow(table: StateTable, id: number): void {
  const offset = new Int32Array(1);
  table.offsets(Int32Array.of(id), 1, offset);
  const at = (offset[0] as number) + table.offset("count");
  for (let word = 0; word < WORDS - 2; word++) table.words[at + word] = id / (word + 1);
}

function sides(): Sides {
  const folder = mkdtempSync(join(tmpdir(), "bench-state-"));
  const state = new SqliteState(join(folder, "state.db"), "bench");
  const store = new MemoryStateStore({ seed: 1 });
  const table = store.table("bench", {
    key: schemaOfKey("int64"),
    value: [{ name: "count", words: WORDS }],
  });
  const ids = new Int32Array(BATCH_ROWS_MAX);
  for (const keys of keysOf("int64", KEYS, (i) => i)) {
    table.insert(keys, 0, ids, new Int32Array(BATCH_ROWS_MAX));
    for (const id of ids.subarray(0, keys.count)) fillRow(table, id);
  }
  const touched = keysOf("int64", TOUCHED, scattered(KEYS));
  /** Bytes of the rows of each chunk of an epoch, as they lie in the table. */
  let sizes: readonly number[] = [];
  let epoch = 0;
  const commit = (): void => {
    for (const keys of touched) {
      table.find(keys, 0, ids);
      table.touch(ids, keys.count);
    }
    const checkpoint = checkpointOf(++epoch, store);
    state.commit(checkpoint);
    sizes = checkpoint.chunks.map((chunk) => readChunk(chunk).counts.rows * (1 + WORDS) * 8);
  };
  // The first one stores all rows.
  commit();
  commit();
  const db = openExclusively(join(folder, "plain.db"));
  db.exec("CREATE TABLE plain (id INTEGER PRIMARY KEY, epoch INTEGER, bytes BLOB)");
  const insert = db.prepare("INSERT INTO plain (epoch, bytes) VALUES (?, ?)");
  const remove = db.prepare("DELETE FROM plain WHERE epoch <= ?");
  let nth = 0;
  const insertAll = db.transaction(() => {
    nth++;
    remove.run(nth - KEY_GROUPS / GROUPS_REWRITTEN);
    for (const size of sizes) insert.run(nth, Buffer.alloc(size, nth));
  });
  return {
    reference: () => {
      for (let i = 0; i < EPOCHS; i++) insertAll.immediate();
      return { units: EPOCHS * TOUCHED };
    },
    subject: () => {
      for (let i = 0; i < EPOCHS; i++) commit();
      return { units: EPOCHS * TOUCHED };
    },
    close: () => {
      state.close();
      db.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Checkpoints of a table of 100 000 rows, of which a fifth was touched. */
export const CHECKPOINTS: readonly Benchmark[] = [warm("state/checkpoint", "row", sides, { short: true })];
