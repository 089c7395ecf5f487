import { mkdtemp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { localStore } from "./local-store.ts";
import { raceTest } from "./object-store.ts";
import type { ObjectStore } from "./object-store.ts";

let root = "";
let store: ObjectStore;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "dataflow-store-"));
  store = localStore(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe("a directory as object store", () => {
  test("returns what was put, also in folders that were not there", async () => {
    await store.put("a/b=1/c.bin", Uint8Array.of(0, 255, 7));
    expect([...((await store.get("a/b=1/c.bin")) ?? [])]).toEqual([0, 255, 7]);
  });

  test("works in a root that does not exist yet", async () => {
    const deep = localStore(join(root, "x", "y"));
    expect(await deep.putIfAbsent("f", bytes("1"))).toBe(true);
    expect(await readdir(join(root, "x", "y"))).toEqual(["f"]);
  });

  test("has nothing where there is no file, or only a folder, or a file where a folder should be", async () => {
    await store.put("folder/file", bytes("1"));
    expect(await store.get("other")).toBeUndefined();
    expect(await store.get("folder")).toBeUndefined();
    expect(await store.get("folder/file/deeper")).toBeUndefined();
  });

  test("lets exactly one of many racing writers have a name, and keeps that writer's bytes", async () => {
    const won = await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.putIfAbsent("_log/1.json", bytes(`writer ${i}`))),
    );
    const winners = won.flatMap((one, i) => (one ? [i] : []));
    expect(winners).toHaveLength(1);
    expect(new TextDecoder().decode(await store.get("_log/1.json"))).toBe(`writer ${winners[0]}`);
  });

  test("an object that is written in parts is seen once it is finished, whole", async () => {
    const writer = await store.create("a/parts");
    const part = bytes("one");
    await writer.write(part);
    part.fill(0x2e);
    await writer.write(bytes(", two"));
    expect([await store.get("a/parts"), await store.list("")]).toEqual([undefined, []]);
    await writer.finish();
    await writer.abandon();
    expect(new TextDecoder().decode(await store.get("a/parts"))).toBe("one, two");
    expect(await readdir(join(root, "a"))).toEqual(["parts"]);
  });

  test("an object that was given up, or could not be written, leaves nothing", async () => {
    const given = await store.create("a/given-up");
    await given.write(bytes("one"));
    await given.abandon();
    const failed = await store.create("a/failed");
    await expect(failed.write(undefined as unknown as Uint8Array)).rejects.toThrow(
      'Could not write "a/failed"',
    );
    await failed.abandon();
    await expect(store.create("../outside")).rejects.toThrow("DF_PATH");
    expect(await readdir(join(root, "a"))).toEqual([]);
  });

  test("a digest is that of the whole object", async () => {
    const large = new Uint8Array(600_000).map((_, i) => i * 7);
    await store.put("large", large);
    expect(await store.digest("large")).toEqual({ size: large.length, crc32: crc32(large) });
    await store.put("empty", bytes(""));
    expect([await store.digest("empty"), await store.digest("none")]).toEqual([
      { size: 0, crc32: 0 },
      undefined,
    ]);
  });

  test("leaves no temporary files behind, neither of winners nor of losers", async () => {
    await store.putIfAbsent("a", bytes("1"));
    await store.putIfAbsent("a", bytes("2"));
    await store.put("b", bytes("3"));
    expect((await readdir(root)).toSorted()).toEqual(["a", "b"]);
  });

  test("lists what begins with a prefix, in the order of the paths' bytes, with sizes", async () => {
    for (const path of ["log/2", "log/10", "log/1/x", "logs", "data", "log/\u{10000}", "log/\uffff"]) {
      await store.put(path, bytes(path));
    }
    const paths = async (prefix: string): Promise<string[]> =>
      (await store.list(prefix)).map(({ path }) => path);
    expect(await paths("log/")).toEqual(["log/1/x", "log/10", "log/2", "log/\uffff", "log/\u{10000}"]);
    expect(await paths("log/1")).toEqual(["log/1/x", "log/10"]);
    expect(await paths("log")).toHaveLength(6);
    expect(await paths("")).toHaveLength(7);
    expect(await paths("none/")).toEqual([]);
    expect(await store.list("data")).toEqual([{ path: "data", size: 4 }]);
  });

  test("does not list the temporary file of a writer that was killed", async () => {
    await mkdir(join(root, "log"));
    await writeFile(join(root, "log", ".tmp-abc"), "half");
    expect(await store.list("")).toEqual([]);
  });

  test("moves, also when it is told twice, and says when there is nothing to move", async () => {
    await store.put("a/.x", bytes("1"));
    expect(await store.move("a/.x", "a/x")).toBe(true);
    expect(await store.move("a/.x", "a/x")).toBe(true);
    expect((await store.list("")).map(({ path }) => path)).toEqual(["a/x"]);
    expect(await store.move("a/.y", "b/y")).toBe(false);
  });

  test("deletes, and does nothing where there is nothing", async () => {
    await store.put("a", bytes("1"));
    await store.delete("a");
    await store.delete("a");
    expect(await store.get("a")).toBeUndefined();
  });

  test.each(["../x", "a/../../x", "/etc/passwd", "a//b", "./a", "", "a/", "a\\..\\b", "a\0b", ".tmp-1"])(
    "refuses %j, which is no path inside of it",
    async (path) => {
      for (const call of [
        () => store.get(path),
        () => store.put(path, bytes("")),
        () => store.putIfAbsent(path, bytes("")),
        () => store.delete(path),
        () => store.move(path, "ok"),
        () => store.move("ok", path),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: "DF_PATH" });
      }
    },
  );

  test("refuses to list outside of it", async () => {
    await expect(store.list("../")).rejects.toMatchObject({ code: "DF_PATH" });
  });

  test("says which file it could not write, and why", async () => {
    await store.put("a", bytes("1"));
    await expect(store.put("a/b", bytes("2"))).rejects.toThrow(/Could not write "a\/b".*\[DF_STORE_IO\]/);
  });
});

describe("the self-test of a store", () => {
  test("passes a directory and leaves nothing in it", async () => {
    await raceTest(store);
    expect(await readdir(root)).toEqual([]);
  });

  test("refuses a store that lets two writers win", async () => {
    const careless: ObjectStore = {
      ...store,
      putIfAbsent: async (path, content) => {
        await store.put(path, content);
        return true;
      },
    };
    await expect(raceTest(careless)).rejects.toMatchObject({ code: "DF_STORE" });
    expect(await readdir(root)).toEqual([]);
  });

  test("refuses a store that says one won but keeps another one's bytes", async () => {
    const liar: ObjectStore = {
      ...store,
      putIfAbsent: async (path, content) => {
        const won = await store.putIfAbsent(path, content);
        await store.put(path, Uint8Array.of(99));
        return won;
      },
    };
    await expect(raceTest(liar)).rejects.toMatchObject({ code: "DF_STORE" });
  });
});
