import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { VARIANTS } from "./variants.ts";

test.each(VARIANTS.flatMap(({ name, edits }) => edits.map(({ file, find }) => ({ name, file, find }))))(
  "the words of “$name” are in $file, once",
  ({ file, find }) => {
    const source = readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8");
    expect(source.split(find)).toHaveLength(2);
  },
);
