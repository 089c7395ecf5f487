import { expect, test } from "vitest";
import { inTurns } from "./in-turns.ts";

test("whoever else needs the thread comes before each of many", async () => {
  const seen: unknown[] = [];
  const other = (): void => void setImmediate(() => seen.push("other"));
  other();
  for await (const one of inTurns([1, 2, 3])) {
    seen.push(one);
    other();
  }
  expect(seen).toEqual(["other", 1, "other", 2, "other", 3]);
});
