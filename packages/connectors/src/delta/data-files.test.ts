import { t } from "@df/core";
import { batchOf, rowsOf } from "@df/core/batch/rows";
import { describe, expect, test } from "vitest";
import { memoryStore } from "../object-store/memory-store.ts";
import { cutFiles, writeDataFiles } from "./data-files.ts";
import { writeVectors } from "./deletion-vector.ts";
import { emptyTextAsNull } from "./empty-text.ts";
import { inlineEncoder } from "./table.testing.ts";
import { readFileRows } from "./table-rows.ts";

const { schema } = t.row({ id: t.int(), place: t.string().nullable() });

function batchFrom(first: number, count: number): ReturnType<typeof batchOf> {
  return batchOf(
    schema,
    Array.from({ length: count }, (_, i) => ({ id: first + i, place: `p${(first + i) % 2}` })),
  );
}

describe("data files", () => {
  test("hold the rows of one partition each, without the partition column", async () => {
    const store = memoryStore();
    const options = { store, encoder: inlineEncoder, schema, partitionBy: ["place"] };
    const written = await writeDataFiles([batchFrom(0, 3), batchFrom(3, 2)], options);
    expect(written.map(({ file }) => file.partitionValues)).toEqual([{ place: "p0" }, { place: "p1" }]);
    expect(written.map(({ file }) => file.rows)).toEqual([3, 2]);
    expect(
      written.map(({ file }) => Object.keys((JSON.parse(file.stats) as { nullCount: object }).nullCount)),
    ).toEqual([["id"], ["id"]]);
    for (const { file } of written) {
      expect(file.path).toMatch(/^place=p[01]\/part-0000[01]-[0-9a-f-]{36}\.parquet$/);
      expect((await store.get(file.path))?.length).toBe(file.sizeBytes);
    }
  });

  test("are as few as fit their size, and no batch is lost", () => {
    const batches = [batchFrom(0, 10), batchFrom(10, 10), batchFrom(20, 10)];
    const perBatch = 10 * 8 * 2 + 10 * 2;
    expect(cutFiles(batches, perBatch * 2).map((part) => part.length)).toEqual([2, 1]);
    expect(cutFiles(batches, 1).map((part) => part.length)).toEqual([1, 1, 1]);
    expect(cutFiles(batches, perBatch * 3)).toEqual([batches]);
  });

  test("show which of their rows are deleted, also behind the first 4096", async () => {
    const store = memoryStore();
    const options = { store, encoder: inlineEncoder, schema, partitionBy: [] };
    const [written] = await writeDataFiles([batchFrom(0, 4096), batchFrom(4096, 904)], options);
    if (written === undefined) throw new Error("a file is expected");
    const [deletionVector] = await writeVectors(store, [Float64Array.of(0, 4095, 4096, 4999)]);
    if (deletionVector === undefined) throw new Error("a vector is expected");
    const add = {
      path: written.file.path,
      partitionValues: {},
      size: 1,
      modificationTime: 1,
      dataChange: true,
      deletionVector,
    };
    const parts = await readFileRows(store, { path: written.file.path, add }, schema, []);
    const deleted = parts.flatMap(({ batch, deleted: marks }) =>
      rowsOf(batch).flatMap(({ id }, row) => (marks[row] === 0 ? [] : [id])),
    );
    expect(deleted).toEqual([0, 4095, 4096, 4999]);
    expect(parts.map(({ start }) => start)).toEqual([0, 4096]);
  });
});

describe("empty text in a partition column", () => {
  const rows = [
    { id: 1, place: "" },
    { id: 2, place: "x" },
    { id: 3, place: null },
  ];

  test("becomes null, as readers of the table see it", () => {
    const batch = emptyTextAsNull(batchOf(schema, rows), schema, ["place"]);
    expect(rowsOf(batch).map(({ place }) => place)).toEqual([null, "x", null]);
  });

  test("stays as it is in other columns", () => {
    const batch = batchOf(schema, rows);
    expect(emptyTextAsNull(batch, schema, ["id"])).toBe(batch);
  });

  test("is refused where null is not allowed", () => {
    const strict = t.row({ id: t.int(), place: t.string() }).schema;
    const batch = batchOf(strict, [{ id: 1, place: "" }]);
    expect(() => emptyTextAsNull(batch, strict, ["place"])).toThrow(/DF_VALUE/);
  });
});
