import { expect, test } from "vitest";
import { batchOf } from "../batch/rows.ts";
import { t } from "../schema/kit.ts";
import { MemoryScratchFile } from "./scratch.ts";
import { StateBudget } from "./state-budget.ts";
import { MemoryStateStore } from "./store.ts";
import type { Chunk, StateTable } from "./state-store.ts";

const Key = t.row({ id: t.string() });
const SPEC = { key: Key.schema, value: [] };
const ids = Array.from({ length: 500 }, (_, i) => `key ${i}`);

function insert(table: StateTable, names: readonly string[]): number {
  const batch = batchOf(
    Key.schema,
    names.map((id) => ({ id })),
  );
  const rows = Int32Array.from(names.keys());
  const [out, fresh] = [new Int32Array(names.length), new Int32Array(names.length)];
  return table.insert({ batch, columns: [0], rows, count: names.length }, 0, out, fresh);
}

function stored(): Chunk[] {
  const store = new MemoryStateStore();
  const table = store.table("x", SPEC);
  insert(table, ids.slice(0, 300));
  const first = store.gather(() => true);
  insert(table, ids);
  return [...first, ...store.gather((group) => group % 2 === 0)];
}

test("chunks that are more than the budget wait on disk, and none is lost or applied out of its order", () => {
  let written = 0;
  const scratch = (): MemoryScratchFile => {
    const file = new MemoryScratchFile();
    return Object.assign(Object.create(file) as MemoryScratchFile, {
      write: (bytes: Uint8Array, at: number) => {
        written += bytes.length;
        file.write(bytes, at);
      },
      read: (into: Uint8Array, at: number) => file.read(into, at),
    });
  };
  const chunks = stored();
  const sizeBytes = chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const budget = new StateBudget({ limitBytes: sizeBytes, indexBytesMax: 2 ** 30, scratch });
  const store = new MemoryStateStore({ budget });
  store.load(chunks, () => true);
  expect(written).toBeGreaterThan(sizeBytes / 2);
  const table = store.table("x", SPEC);
  expect([table.size, insert(table, ids), insert(table, ["another"])]).toEqual([500, 0, 1]);
});
