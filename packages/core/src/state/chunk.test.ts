import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { batchOf } from "../batch/rows.ts";
import { schemaOf, t } from "../schema/kit.ts";
import { MemoryStateStore } from "./store.ts";
import type { Chunk } from "./state-store.ts";

const always = (): boolean => true;

/** A table of one row, 2^40 and "bc" in pane 5 with the word 8, as the last code with version 1 wrote it. */
const FIRST: Chunk = {
  table: "x",
  keyGroup: 38,
  full: true,
  bytes: new Uint8Array(
    Buffer.from(
      "REZTVD36+WQBAAAAJgAAAAEAAAAAAAAAAAAAAAAAAAABAAAAPAAAAHBhbmVzCmtleSAiaWQiIGludDY0CmtleSAi" +
        "bmFtZSIgc3RyaW5nCnZhbHVlICJjb3VudCIgMSB3b3JkcwAAAAAAAAAAAAAUQAAAAAAAAQAAAwAAAAAAAAAAAAAA" +
        "AAAgQGJjAAAAAAAA",
      "base64",
    ),
  ),
};

test("a chunk of version 1 is read", () => {
  const store = new MemoryStateStore();
  store.load([FIRST], always);
  const key = schemaOf({ id: t.int(), name: t.string() });
  const table = store.table("x", { key, value: [{ name: "count", words: 1 }], panes: true });
  const id = new Int32Array(1);
  const batch = batchOf(key, [{ id: 2 ** 40, name: "bc" }]);
  table.find({ batch, columns: [0, 1], rows: Int32Array.of(0), count: 1 }, 5, id);
  expect(table.words[(id[0] as number) * 3 + table.offset("count")]).toBe(8);
});

test("a chunk of a version to come is refused, naming it and those that are read", () => {
  const bytes = FIRST.bytes.slice();
  const view = new DataView(bytes.buffer);
  view.setInt32(8, 3, true);
  view.setInt32(4, crc32(bytes.subarray(8)) | 0, true);
  expect(() => new MemoryStateStore().load([{ ...FIRST, bytes }], always)).toThrow(
    /stored in format 3; this version reads formats 1 and 2.*DF_STATE_CHANGED/,
  );
});

test("a chunk holds once what all of its rows have in common", () => {
  const key = schemaOf({ id: t.int() });
  const store = new MemoryStateStore();
  const table = store.table("x", { key, value: [{ name: "state", words: 7 }] });
  const batch = batchOf(
    key,
    Array.from({ length: 4000 }, (_, id) => ({ id })),
  );
  const rows = Int32Array.from({ length: 4000 }, (_, row) => row);
  table.insert({ batch, columns: [0], rows, count: 4000 }, 0, new Int32Array(4000), new Int32Array(4000));
  const chunks = store.gather(always);
  const sizeBytes = chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
  // Of eight words a row, half of one differs from row to row.
  expect(sizeBytes).toBeLessThan(4000 * 4 + chunks.length * 200);
});
