import fc from "fast-check";
import { describe, test } from "vitest";
import { t } from "@df/core";
import { checkOperator, logArbitrary, type Entry, type OracleInput, type OracleOutput } from "@df/testing";
import { dedupe } from "./dedupe.ts";

const Row = t.row({ id: t.string().nullable(), n: t.int(), seen: t.int32(), at: t.timestamp() });
const row = fc.record({
  id: fc.constantFrom("a", null),
  n: fc.constantFrom(1, 2 ** 52),
  seen: fc.nat(3),
  at: fc.integer({ min: -30, max: 60 }),
});

/** Up to 9 ms of disorder: the clock runs along with the rows, and panes are dropped while copies still come. */
const order = (plain: Readonly<Record<string, unknown>>): number =>
  (plain["at"] as number) + (plain["seen"] as number) * 3;

const late = ({ row: plain, clock, time }: Entry): { row: Entry["row"] } => ({
  row: { ...plain, lateBy: (clock - time) / 1_000 },
});

/** Compares each row with all that were kept before it. */
function naive({ arrival }: OracleInput, withinMicros: number, allowed: number): OracleOutput {
  const isLate = (entry: Entry): boolean => entry.time + allowed <= entry.clock;
  const kept: Entry[] = [];
  let duplicates = 0;
  for (const entry of arrival.filter((each) => !isLate(each))) {
    const isCopy = kept.some(
      (other) =>
        other.row["id"] === entry.row["id"] &&
        other.row["n"] === entry.row["n"] &&
        Math.abs(other.time - entry.time) < withinMicros,
    );
    if (isCopy) duplicates++;
    else kept.push(entry);
  }
  const lates = arrival.filter(isLate);
  return {
    ports: [kept.map(({ row: plain, time }) => ({ row: plain, time })), lates.map(late)],
    counts: { passed: kept.length, duplicate: duplicates, late: lates.length },
  };
}

describe("keep: any passes what the naive comparison with all kept rows passes", () => {
  test.for([
    { withinMicros: 7_000, boundMicros: 100_000, allowedLatenessMicros: 0 },
    { withinMicros: 7_000, boundMicros: 4_000, allowedLatenessMicros: 0 },
    { withinMicros: 25_000, boundMicros: 0, allowedLatenessMicros: 9_000 },
    { withinMicros: 1, boundMicros: 10_000, allowedLatenessMicros: 0 },
  ])("%o", ({ withinMicros, boundMicros, allowedLatenessMicros }) => {
    checkOperator({
      operator: dedupe({ by: ["id", "n"], withinMicros, keep: "any", allowedLatenessMicros }),
      inputs: [{ schema: Row.schema, time: "at", boundMicros }],
      logs: logArbitrary(row, { rowsMax: 40, splits: 2, order }).map((log) => [log]),
      oracle: (input) => naive(input, withinMicros, allowedLatenessMicros),
      runs: 8,
    });
  });
});
