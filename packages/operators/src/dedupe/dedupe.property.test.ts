import fc from "fast-check";
import { describe, test } from "vitest";
import { t } from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { batchOf } from "@df/core/batch/rows";
import { checkOperator, logArbitrary, type Entry, type OracleInput, type OracleOutput } from "@df/testing";
import { dedupe } from "./dedupe.ts";

const Row = t.row({ id: t.string().nullable(), n: t.int(), seen: t.int32(), at: t.timestamp() });
const row = fc.record({
  id: fc.constantFrom("a", null),
  n: fc.constantFrom(1, 2 ** 52),
  seen: fc.nat(3),
  at: fc.integer({ min: -30, max: 60 }),
});

const distances = [
  { withinMicros: 7_000, boundMicros: 100_000, allowedLatenessMicros: 0 },
  { withinMicros: 7_000, boundMicros: 4_000, allowedLatenessMicros: 0 },
  { withinMicros: 25_000, boundMicros: 0, allowedLatenessMicros: 9_000 },
  { withinMicros: 1, boundMicros: 10_000, allowedLatenessMicros: 0 },
];

/** Up to 9 ms of disorder: the clock runs along with the rows, and panes are dropped while copies still come. */
const order = (plain: Readonly<Record<string, unknown>>): number =>
  (plain["at"] as number) + (plain["seen"] as number) * 3;

const late = ({ row: plain, clock, time }: Entry): { row: Entry["row"] } => ({
  row: { ...plain, lateBy: (clock - time) / 1_000 },
});

/** Whether two rows have the same key and lie less than a distance apart. */
function isNear(a: Entry, b: Entry, withinMicros: number): boolean {
  const isSameKey = a.row["id"] === b.row["id"] && a.row["n"] === b.row["n"];
  return isSameKey && Math.abs(a.time - b.time) < withinMicros;
}

/** Compares each row with all that were kept before it. */
function naive({ arrival }: OracleInput, withinMicros: number, allowed: number): OracleOutput {
  const isLate = (entry: Entry): boolean => entry.time + allowed <= entry.clock;
  const kept: Entry[] = [];
  let duplicates = 0;
  for (const entry of arrival.filter((each) => !isLate(each))) {
    const isCopy = kept.some((other) => isNear(other, entry, withinMicros));
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
  test.for(distances)("%o", ({ withinMicros, boundMicros, allowedLatenessMicros }) => {
    checkOperator({
      operator: dedupe({ by: ["id", "n"], withinMicros, keep: "any", allowedLatenessMicros }),
      inputs: [{ schema: Row.schema, time: "at", boundMicros }],
      logs: logArbitrary(row, { rowsMax: 40, splits: 2, order }).map((log) => [log]),
      oracle: (input) => naive(input, withinMicros, allowedLatenessMicros),
      runs: 8,
    });
  });
});

/** Decides the rows of each key in the order of event time and canonical bytes. */
function naiveFirst(
  { inputs: [entries = []], clock }: OracleInput,
  withinMicros: number,
  allowed: number,
): OracleOutput {
  const isLate = (entry: Entry): boolean => entry.time + allowed <= entry.clock;
  const canonical = (entry: Entry): Buffer => {
    const codec = new CanonicalCodec(Row.schema);
    return Buffer.from(codec.encode(batchOf(Row.schema, [entry.row]), 0));
  };
  const inTime = entries.filter((entry) => !isLate(entry) && entry.time + allowed <= clock);
  const kept: Entry[] = [];
  for (const entry of inTime.toSorted(
    (a, b) => a.time - b.time || Buffer.compare(canonical(a), canonical(b)),
  )) {
    const isCopy = kept.some((other) => isNear(other, entry, withinMicros));
    if (!isCopy) kept.push(entry);
  }
  const lates = entries.filter(isLate);
  return {
    ports: [kept.map(({ row: plain, time }) => ({ row: plain, time })), lates.map(late)],
    counts: { passed: kept.length, late: lates.length },
  };
}

describe("keep: first passes the first copy by event time, whatever the order of arrival", () => {
  test.for(distances)("%o", ({ withinMicros, boundMicros, allowedLatenessMicros }) => {
    checkOperator({
      operator: dedupe({ by: ["id", "n"], withinMicros, keep: "first", allowedLatenessMicros }),
      inputs: [{ schema: Row.schema, time: "at", boundMicros }],
      logs: logArbitrary(row, { rowsMax: 40, splits: 2, order }).map((log) => [log]),
      oracle: (input) => naiveFirst(input, withinMicros, allowedLatenessMicros),
      keyOrder: true,
      anyOrder: allowedLatenessMicros > 0,
      runs: 8,
    });
  });
});
