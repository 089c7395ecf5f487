import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { VARIANTS } from "./variants.ts";

const edits = VARIANTS.flatMap(({ name, edits: all }) => all.map((edit) => ({ name, ...edit })));

test.each(edits)("the words that “$name” changes stand once in $file", ({ file, find }) => {
  const source = readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8");
  expect(source.split(find).length - 1).toBe(1);
});

test("no two ways to break the engine have one name", () => {
  expect(new Set(VARIANTS.map(({ name }) => name)).size).toBe(VARIANTS.length);
});
