import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeDirectory } from "./make-directory.ts";

const root = mkdtempSync(join(tmpdir(), "df-make-"));
afterAll(() => rmSync(root, { recursive: true }));

test("a directory is made with those that lead to it; the first new one is told, and nothing where all are there", () => {
  expect(makeDirectory(join(root, "a/b/c"))).toBe(join(root, "a"));
  expect(statSync(join(root, "a/b/c")).isDirectory()).toBe(true);
  expect(makeDirectory(join(root, "a/b/d/e"))).toBe(join(root, "a/b/d"));
  expect(makeDirectory(join(root, "a/b/c"))).toBeUndefined();
  expect(makeDirectory("/")).toBeUndefined();
});

test("a file in the way is told, with its path", () => {
  writeFileSync(join(root, "file"), "");
  expect(() => makeDirectory(join(root, "file"))).toThrow(/EEXIST.*file/);
  expect(() => makeDirectory(join(root, "file/below"))).toThrow(/ENOTDIR.*file/);
});

test.skipIf(!existsSync("/proc/self"))(
  "a directory in which none can be made is told, and not tried for ever",
  () => {
    expect(() => makeDirectory("/proc/no-such/below")).toThrow(/ENOENT.*no-such/);
  },
);

test("a working directory that was removed is told", () => {
  const removed = join(root, "removed");
  mkdirSync(removed);
  const before = process.cwd();
  process.chdir(removed);
  try {
    rmSync(removed, { recursive: true });
    expect(() => makeDirectory("a/b")).toThrow(/ENOENT.*'a'/);
  } finally {
    process.chdir(before);
  }
});
