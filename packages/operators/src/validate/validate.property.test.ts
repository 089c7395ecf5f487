import fc from "fast-check";
import { describe, test } from "vitest";
import { t } from "@df/core";
import {
  checkOperator,
  keyedLogs,
  logArbitrary,
  type Entry,
  type Expected,
  type TestInput,
} from "@df/testing";
import { validate } from "./validate.ts";

const Row = t.row({ id: t.string(), n: t.int64(), at: t.timestamp(), note: t.string().nullable() });
const row = fc.record({
  id: fc.constantFrom("a", "b", "c"),
  n: fc.bigInt({ min: -3n, max: 3n }),
  at: fc.integer({ min: 0, max: 50 }),
  note: fc.option(fc.string({ maxLength: 3 })),
});
const INPUT: TestInput = { schema: Row.schema, time: "at", boundMicros: 10_000 };
const operator = validate({
  columns: ["n", "note"],
  fault: (plain) => {
    if (plain["note"] === "") throw new Error("empty");
    return (plain["n"] as bigint) < 0n ? "below zero" : undefined;
  },
});
const isGood = ({ row: plain }: Entry): boolean => plain["note"] !== "" && (plain["n"] as bigint) >= 0n;
const kept = (entry: Entry): Expected => ({ row: entry.row, diff: entry.diff, time: entry.time });

describe("validate keeps the rows without a fault", () => {
  test("of append streams, and counts the others as quarantined", () =>
    checkOperator({
      operator,
      inputs: [INPUT],
      logs: logArbitrary(row).map((log) => [log]),
      oracle: ({ inputs: [entries = []] }) => {
        const good = entries.filter(isGood);
        return {
          ports: [good.map((entry) => ({ row: entry.row, time: entry.time }))],
          counts: { passed: good.length, quarantined: entries.length - good.length },
        };
      },
    }));

  test("of upsert streams, where deletes pass unseen", () =>
    checkOperator({
      operator,
      inputs: [{ ...INPUT, change: "upsert", key: ["id"] }],
      logs: keyedLogs(row, "id", [1, 1, -1]),
      oracle: ({ inputs: [entries = []] }) => ({
        ports: [entries.filter((entry) => entry.diff < 0 || isGood(entry)).map(kept)],
      }),
    }));

  test("of retract streams, both halves alike", () =>
    checkOperator({
      operator,
      inputs: [{ ...INPUT, change: "retract", key: ["id"] }],
      logs: keyedLogs(row, "id", [1, -1]),
      oracle: ({ inputs: [entries = []] }) => ({ ports: [entries.filter(isGood).map(kept)] }),
    }));
});
