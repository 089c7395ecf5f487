import { mkdirSync, mkdtempSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, matchesGlob } from "node:path";
import { expect, test } from "vitest";
import fc from "fast-check";
import { walk } from "./walk.ts";

const name = fc.constantFrom("a", "b", "ab", "ba", ".a", ".b.b", "a.b", "é", "1", "-");
const segment = fc.constantFrom(
  "a",
  "*",
  "?",
  "a*",
  "*b",
  "**",
  ".*",
  "[.a]a",
  "{a,b}",
  "f*",
  "{a,{b,.a}*}",
  "[ab]",
  "[!a]",
  "*.b",
  "?b",
  "{a,ab/*}",
);
const file = fc.constantFrom("f", "f.b", ".f", "af", "ab.b", "b.f");
const path = fc
  .tuple(fc.array(name, { maxLength: 3 }), file)
  .map(([names, last]) => [...names, last].join("/"));
const tree = fc.uniqueArray(path, { maxLength: 12 });

/** Makes empty files, where no file is in the way of a directory. */
function madeOf(paths: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "walk-"));
  for (const path of paths) {
    try {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), "");
    } catch {
      // A file or a directory has this name.
    }
  }
  return folder;
}

/** Whoever asks leaves out what is no file. */
function filesOf(found: readonly string[]): string[] {
  const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  return [...new Set(found)].filter(isFile).toSorted();
}

test("finds the files whose paths match, by Node's test of one path", async () => {
  await fc.assert(
    fc.asyncProperty(tree, fc.array(segment, { minLength: 1, maxLength: 3 }), async (paths, segments) => {
      const folder = madeOf(paths);
      const pattern = segments.join("/");
      const found = filesOf(await walk(folder, pattern));
      expect(found).toEqual(
        filesOf(paths.filter((path) => matchesGlob(path, pattern)).map((path) => join(folder, path))),
      );
    }),
    { numRuns: 300 },
  );
});

test("goes through a link to a directory by its name, not by a wildcard", async () => {
  const folder = madeOf(["real/a"]);
  symlinkSync("real", join(folder, "link"));
  const below = async (pattern: string): Promise<string[]> =>
    filesOf(await walk(folder, pattern))
      .map((path) => path.slice(folder.length + 1))
      .toSorted();
  expect(await below("link/*")).toEqual(["link/a"]);
  expect(await below("*/a")).toEqual(["real/a"]);
  expect(await below("**/a")).toEqual(["real/a"]);
});

test("a directory that cannot be read is refused, and not left out", async () => {
  await expect(walk(join(tmpdir(), "x".repeat(300)), "*/a")).rejects.toThrow(
    /^The directory .* cannot be read: ENAMETOOLONG.* \[DF_FILE\]$/,
  );
});

test("refuses a range, which would match nothing", async () => {
  await expect(walk("/tmp", "part-{1..3}.csv")).rejects.toThrow(/has a range \{1\.\.3\}.*\[DF_PATH\]$/);
});
