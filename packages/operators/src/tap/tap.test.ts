import { expect, test } from "vitest";
import { t } from "@df/core";
import { openOperator } from "@df/testing";
import { tap } from "./tap.ts";

const Row = t.row({ id: t.string(), n: t.int() });

test("each row is seen exactly once, also when one of them throws", () => {
  const seen: unknown[] = [];
  const operator = tap({
    columns: ["id"],
    look: (row) => {
      seen.push(row["id"]);
      if (row["id"] === "b") throw new Error("b");
    },
  });
  const harness = openOperator(operator, [{ schema: Row.schema }]);
  harness.push([
    { id: "a", n: 1 },
    { id: "b", n: 2 },
    { id: "c", n: 3 },
  ]);
  expect(seen).toEqual(["a", "b", "c"]);
  expect(harness.take()).toEqual([
    { id: "a", n: 1 },
    { id: "c", n: 3 },
  ]);
  expect(harness.rejected).toEqual([{ row: { id: "b", n: 2 }, reason: "b" }]);
});
