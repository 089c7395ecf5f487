import { beforeEach, describe, expect, test } from "vitest";
import { memoryStore } from "../object-store/memory-store.ts";
import type { ObjectStore } from "../object-store/object-store.ts";
import type { VectorDescriptor } from "./actions.ts";
import { mergeRows, readVector, writeVectors } from "./deletion-vector.ts";
import { encodeRoaring64 } from "./roaring64.ts";
import { encodeZ85 } from "./z85.ts";

let store: ObjectStore;
beforeEach(() => {
  store = memoryStore();
});

async function written(...rowSets: number[][]): Promise<readonly VectorDescriptor[]> {
  return writeVectors(
    store,
    rowSets.map((rows) => Float64Array.from(rows)),
  );
}

describe("deletion vectors", () => {
  test("of several files lie in one file, and each is read alone", async () => {
    const descriptors = await written([1, 2, 900], [5], [0, 70_000]);
    expect(await store.list("")).toHaveLength(1);
    expect(descriptors.map(({ cardinality }) => cardinality)).toEqual([3, 1, 2]);
    expect([...(await readVector(store, descriptors[0]))]).toEqual([1, 2, 900]);
    expect([...(await readVector(store, descriptors[1]))]).toEqual([5]);
    expect([...(await readVector(store, descriptors[2]))]).toEqual([0, 70_000]);
  });

  test("are read when another writer has put them into the log itself", async () => {
    const magic = Buffer.alloc(4);
    magic.writeInt32LE(1681511377);
    const bitmap = Buffer.concat([magic, encodeRoaring64(Float64Array.of(3, 4))]);
    const vector = {
      storageType: "i",
      pathOrInlineDv: encodeZ85(bitmap),
      sizeInBytes: bitmap.length,
      cardinality: 2,
    };
    expect([...(await readVector(store, vector))]).toEqual([3, 4]);
  });

  test("are refused when a bit of them has changed", async () => {
    const [vector] = await written([1, 2, 3]);
    const [{ path } = { path: "" }] = await store.list("");
    const bytes = (await store.get(path)) ?? new Uint8Array();
    for (let at = 1; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (changed[at] as number) ^ 1;
      await store.put(path, changed);
      await expect(readVector(store, vector)).rejects.toMatchObject({ code: "DF_DELTA_LOG" });
    }
  });

  test("are refused when their file is gone", async () => {
    const [vector] = await written([1]);
    for (const { path } of await store.list("")) await store.delete(path);
    await expect(readVector(store, vector)).rejects.toThrow(/is lost/);
  });

  test("are refused when they lie outside of the table", async () => {
    const vector = {
      storageType: "p",
      pathOrInlineDv: "s3://other/x.bin",
      offset: 1,
      sizeInBytes: 4,
      cardinality: 1,
    };
    await expect(readVector(store, vector)).rejects.toMatchObject({ code: "DF_SINK_UNSUPPORTED" });
  });

  test("are merged without repetition", () => {
    expect([...mergeRows(Float64Array.of(1, 3, 5), Float64Array.of(0, 3, 9))]).toEqual([0, 1, 3, 5, 9]);
  });
});
