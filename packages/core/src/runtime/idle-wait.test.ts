import { expect, test } from "vitest";
import { idleWait } from "./idle-wait.ts";

test("a split is asked again after a quarter of its silence, never at once and never after more than 50 ms", () => {
  expect([0, 4, 10, 40, 100, 200, 60_000].map(idleWait)).toEqual([2, 2, 2.5, 10, 25, 50, 50]);
});
