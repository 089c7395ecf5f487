/**
 * Inserting into a state table, counting in it and restoring it, beside a `Map` of objects. Rows of 7 words. A million
 * keys are more than the caches of a processor hold: there a table shows how it waits for memory.
 */
import { deserialize, serialize } from "node:v8";
import { BATCH_ROWS_MAX, type Keys, type StateTable } from "@df/core";
import { MemoryStateStore } from "@df/core/state/store";
import { warm, type Benchmark, type Sides } from "../benchmark.ts";
import { keyNumber, keysOf, scattered, schemaOfKey, type Kind } from "./keys.ts";

const KEYS = 100_000;
const KEYS_MANY = 1_000_000;
const UPDATES = 200_000;
const WORDS = 7;
const ids = new Int32Array(BATCH_ROWS_MAX);
const fresh = new Int32Array(BATCH_ROWS_MAX);
const offsets = new Int32Array(BATCH_ROWS_MAX);

/** A row of the `Map`: an object of as many numbers as the table has words. */
const zeros = (): Record<string, number> => ({ count: 0, b: 0, c: 0, d: 0, e: 0, f: 0, g: 0 });

function tableIn(store: MemoryStateStore, kind: Kind): StateTable {
  return store.table("bench", { key: schemaOfKey(kind), value: [{ name: "count", words: WORDS }] });
}

/** Adds one to the column "count" of each key's row, which is made where it is not there. */
export function count(table: StateTable, keys: Keys): void {
  table.insert(keys, 0, ids, fresh);
  table.offsets(ids, keys.count, offsets);
  const { words } = table;
  const at = table.offset("count");
  for (let i = 0; i < keys.count; i++) {
    const word = (offsets[i] as number) + at;
    words[word] = (words[word] as number) + 1;
  }
}

function inserting(kind: Kind): Sides {
  const batches = keysOf(kind, KEYS, (i) => i);
  const plain = Array.from({ length: KEYS }, (_, i) => keyNumber(kind, i));
  return {
    reference: () => {
      const map = new Map(plain.map((key) => [key, zeros()]));
      return { units: KEYS, made: map.size };
    },
    subject: () => {
      const table = tableIn(new MemoryStateStore({ seed: 1 }), kind);
      for (const keys of batches) table.insert(keys, 0, ids, fresh);
      return { units: KEYS, made: table.size };
    },
  };
}

function counting(kind: Kind, keyCount: number): Sides {
  const batches = keysOf(kind, UPDATES, scattered(keyCount));
  const plain = Array.from({ length: UPDATES }, (_, i) => keyNumber(kind, scattered(keyCount)(i)));
  const table = tableIn(new MemoryStateStore({ seed: 1 }), kind);
  for (const keys of keysOf(kind, keyCount, (i) => i)) table.insert(keys, 0, ids, fresh);
  const map = new Map(Array.from({ length: keyCount }, (_, i) => [keyNumber(kind, i), zeros()]));
  return {
    reference: () => {
      for (const key of plain) {
        const row = map.get(key);
        if (row === undefined) map.set(key, { ...zeros(), count: 1 });
        else row["count"] = (row["count"] as number) + 1;
      }
      return { units: UPDATES, made: map.size };
    },
    subject: () => {
      for (const keys of batches) count(table, keys);
      return { units: UPDATES, made: table.size };
    },
  };
}

function restoring(kind: Kind): Sides {
  const from = new MemoryStateStore({ seed: 1 });
  const table = tableIn(from, kind);
  for (const keys of keysOf(kind, KEYS, (i) => i)) table.insert(keys, 0, ids, fresh);
  const chunks = from.gather(() => true).map((chunk) => ({ ...chunk, bytes: chunk.bytes.slice() }));
  const bytes = serialize(new Map(Array.from({ length: KEYS }, (_, i) => [keyNumber(kind, i), zeros()])));
  return {
    reference: () => ({ units: KEYS, made: (deserialize(bytes) as Map<unknown, unknown>).size }),
    subject: () => {
      const store = new MemoryStateStore({ seed: 2 });
      store.load(chunks, () => true);
      return { units: KEYS, made: tableIn(store, kind).size };
    },
  };
}

/** Tables of 100 000 rows, and of a million. */
export const TABLES: readonly Benchmark[] = [
  warm("state/insert int64", "row", () => inserting("int64")),
  warm("state/insert text", "row", () => inserting("text")),
  warm("state/count int64", "row", () => counting("int64", KEYS)),
  warm("state/count text", "row", () => counting("text", KEYS)),
  warm("state/count int64 many", "row", () => counting("int64", KEYS_MANY)),
  warm("state/count text many", "row", () => counting("text", KEYS_MANY)),
  warm("state/restore int64", "row", () => restoring("int64")),
];
