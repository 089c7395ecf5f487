import fc from "fast-check";
import { test } from "vitest";
import { t, type Json } from "@df/core";
import { checkOperator, logArbitrary, show, type Entry, type Expected } from "@df/testing";
import { changelog } from "./changelog.ts";

const Row = t.row({
  id: t.string().nullable(),
  part: t.int32(),
  n: t.int64().nullable(),
  x: t.float64(),
  tag: t.json<Json>().nullable(),
  at: t.timestamp(),
});
const row = fc.record({
  id: fc.constantFrom("a", "b", null),
  part: fc.nat(1),
  n: fc.constantFrom(null, 0n, -(2n ** 63n)),
  x: fc.constantFrom(0, Number.NaN, -1.5),
  tag: fc.constantFrom(null, { a: "\0" }),
  at: fc.integer({ min: 0, max: 3 }),
});
const keyOf = (plain: Readonly<Record<string, unknown>>): string => show([plain["id"], plain["part"]]);

/** The last row of each key, in plain objects. */
function naive(entries: readonly Entry[]): Expected[] {
  const last = new Map<string, Entry>();
  return entries.flatMap((entry) => {
    const key = keyOf(entry.row);
    const old = last.get(key);
    if (entry.diff > 0 && old !== undefined && show(old.row) === show(entry.row)) return [];
    const halves: Expected[] = old === undefined ? [] : [{ row: old.row, diff: -1, time: old.time }];
    last.delete(key);
    if (entry.diff < 0) return halves;
    last.set(key, entry);
    return [...halves, { row: entry.row, diff: 1, time: entry.time }];
  });
}

test("changelog emits the old and the new row of each change, in the order of each key", () => {
  checkOperator({
    operator: changelog({ key: ["id", "part"] }),
    inputs: [{ schema: Row.schema, time: "at", boundMicros: 1_000, change: "upsert", key: ["id", "part"] }],
    logs: logArbitrary(row, {
      rowsMax: 40,
      splitBy: keyOf,
      diff: fc.constantFrom(1, 1, 1, -1),
    }).map((log) => [log]),
    // Stronger than its label asks for.
    label: "identical",
    keyOrder: true,
    // The old half has the event time of the old row.
    outputAheadOfClock: false,
    oracle: ({ inputs: [entries = []] }) => ({ ports: [naive(entries)], counts: { folded: entries.length } }),
    runs: 12,
  });
});
