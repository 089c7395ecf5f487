import fc from "fast-check";
import { test } from "vitest";
import { t } from "@df/core";
import { checkOperator, keyedLogs } from "@df/testing";
import { tap } from "./tap.ts";

const Row = t.row({ id: t.string(), n: t.int() });
const row = fc.record({ id: fc.constantFrom("a", "b", "c"), n: fc.nat(5) });

test("tap changes nothing but what it refuses", () => {
  checkOperator({
    operator: tap({
      columns: "all",
      look: ({ n }) => {
        if (n === 5) throw new Error("five");
      },
    }),
    inputs: [{ schema: Row.schema, change: "upsert", key: ["id"] }],
    logs: keyedLogs(row, "id", [1, 1, -1]),
    oracle: ({ inputs: [entries = []] }) => ({
      ports: [entries.filter((entry) => entry.diff < 0 || entry.row["n"] !== 5)],
    }),
  });
});
