import fc from "fast-check";
import { describe, test } from "vitest";
import { t } from "@df/core";
import {
  checkOperator,
  keyedLogs,
  logArbitrary,
  type Entry,
  type Expected,
  type PlainRow,
  type TestInput,
} from "@df/testing";
import { map } from "./map.ts";

const Row = t.row({ id: t.string(), n: t.int64(), at: t.timestamp() });
const Made = t.row({ double: t.int64().nullable(), id: t.string(), text: t.string() });
const row = fc.record({
  id: fc.constantFrom("a", "b", "c", "d"),
  n: fc.oneof(fc.bigInt({ min: -3n, max: 3n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  at: fc.integer({ min: 0, max: 50 }),
});
const INPUT: TestInput = { schema: Row.schema, time: "at", boundMicros: 10_000 };

/** Throws on 3, and doubles beyond 64 bits for wide numbers: both refuse the row. */
function make(plain: PlainRow): PlainRow {
  const n = plain["n"] as bigint;
  if (n === 3n) throw new Error("three");
  return { id: "ignored where it is the key", double: n === 0n ? null : n * 2n, text: `${n}é` };
}
const fits = ({ row: { n } }: Entry): boolean =>
  n !== 3n && BigInt.asIntN(64, (n as bigint) * 2n) === (n as bigint) * 2n;

const operator = map({ columns: ["n"], output: Made.schema, make });
const keyed = (entry: Entry): Expected => ({
  row: { ...make(entry.row), id: entry.row["id"] },
  diff: entry.diff,
  time: entry.time,
});

describe("map makes what the function makes of each row", () => {
  test("on append streams, without the rows it throws on or makes badly", () =>
    checkOperator({
      operator,
      inputs: [INPUT],
      logs: logArbitrary(row).map((log) => [log]),
      anyOrder: true,
      oracle: ({ inputs: [entries = []] }) => {
        const good = entries.filter(fits);
        return {
          ports: [good.map((entry) => ({ row: make(entry.row), time: entry.time }))],
          counts: { passed: good.length, quarantined: entries.length - good.length },
        };
      },
    }));

  test("on upsert streams, where the key is copied and deletes stay deletes", () =>
    checkOperator({
      operator,
      inputs: [{ ...INPUT, change: "upsert", key: ["id"] }],
      logs: keyedLogs(row, "id", [1, 1, -1]),
      oracle: ({ inputs: [entries = []] }) => ({
        ports: [
          entries
            .filter((entry) => entry.diff < 0 || fits(entry))
            .map((entry) => (entry.diff < 0 ? { row: entry.row, diff: -1, time: entry.time } : keyed(entry))),
        ],
      }),
    }));

  test("on retract streams, for both halves", () =>
    checkOperator({
      operator,
      inputs: [{ ...INPUT, change: "retract", key: ["id"] }],
      logs: keyedLogs(row, "id", [1, -1]),
      oracle: ({ inputs: [entries = []] }) => ({ ports: [entries.filter(fits).map(keyed)] }),
    }));
});
