import fc from "fast-check";
import { describe, test } from "vitest";
import { t, type Json } from "@df/core";
import {
  checkOperator,
  keyedLogs,
  logArbitrary,
  type Entry,
  type Expected,
  type TestInput,
} from "@df/testing";
import { filter } from "./filter.ts";

const Row = t.row({
  id: t.string(),
  n: t.int64().nullable(),
  wide: t.int64(),
  tag: t.json<Json>().nullable(),
  at: t.timestamp(),
});
const row = fc.record({
  id: fc.constantFrom("a", "b", "c", "ä"),
  n: fc.option(fc.bigInt({ min: -3n, max: 3n })),
  wide: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  tag: fc.option(fc.record({ x: fc.nat(3) })),
  at: fc.integer({ min: 0, max: 50 }),
});
const INPUT: TestInput = { schema: Row.schema, time: "at", boundMicros: 10_000 };
const isPositive = (plain: Readonly<Record<string, unknown>>): boolean =>
  ((plain["n"] as bigint | null) ?? 0n) > 0n;
const operator = filter({ columns: ["n"], keep: isPositive });

const kept = ({ row: plain, time, diff }: Entry): Expected => ({ row: plain, time, diff });

describe("filter hands on what the naive filter does", () => {
  test("on append streams", () =>
    checkOperator({
      operator,
      inputs: [INPUT],
      logs: logArbitrary(row).map((log) => [log]),
      anyOrder: true,
      oracle: ({ inputs: [entries = []] }) => {
        const passed = entries.filter((entry) => isPositive(entry.row));
        return {
          ports: [passed.map(kept)],
          counts: { passed: passed.length, filtered: entries.length - passed.length },
        };
      },
    }));

  test("on upsert streams, where a row that no longer matches deletes its key", () =>
    checkOperator({
      operator,
      inputs: [{ ...INPUT, change: "upsert", key: ["id"] }],
      logs: keyedLogs(row, "id", [1, 1, -1]),
      oracle: ({ inputs: [entries = []] }) => ({
        ports: [entries.map((entry) => (isPositive(entry.row) ? kept(entry) : { ...kept(entry), diff: -1 }))],
      }),
    }));

  test("on retract streams, each half for itself", () =>
    checkOperator({
      operator,
      inputs: [{ ...INPUT, change: "retract", key: ["id"] }],
      logs: keyedLogs(row, "id", [1, 2, -1]),
      oracle: ({ inputs: [entries = []] }) => ({
        ports: [entries.filter((entry) => isPositive(entry.row)).map(kept)],
      }),
    }));
});
