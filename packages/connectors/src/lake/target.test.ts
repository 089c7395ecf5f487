import { expect, test } from "vitest";
import { targetOf } from "./target.ts";

test("a directory is one target, however its path is written", () => {
  const spellings = ["out/a", "./out/a", "out//a/", "out/b/../a", "out\\a"];
  expect(new Set(spellings.map(targetOf)).size).toBe(1);
  expect(targetOf("/")).toBe('the directory "/"');
  expect(targetOf("/out/a")).not.toBe(targetOf("out/a"));
});
