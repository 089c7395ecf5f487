import { expect, test } from "vitest";
import { storedTime } from "./records.ts";

test("a time is stored as JSON: before the first row as null, after a drain as the largest finite one", () => {
  const stored = [5, 0, -5, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY].map(storedTime);
  expect(JSON.parse(JSON.stringify(stored))).toEqual([5, 0, -5, null, Number.MAX_SAFE_INTEGER]);
});
