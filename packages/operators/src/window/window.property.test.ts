import { t, type ReadOf } from "@df/core";
import {
  checkOperator,
  logArbitrary,
  type Entry,
  type Expected,
  type OracleInput,
  type OracleOutput,
} from "@df/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { avg } from "../aggregates/avg/avg.ts";
import { count } from "../aggregates/count/count.ts";
import { max, min } from "../aggregates/min-max/min-max.ts";
import { sum } from "../aggregates/sum/sum.ts";
import { window, type WindowOptions } from "./window.ts";

/** Sums of these are too wide for the words of a row: their state lies in the heap. */
const WIDE = 2 ** 600;

const Reading = t.row({
  place: t.string().nullable(),
  shelf: t.int32(),
  pieces: t.int(),
  weight: t.float64(),
  label: t.string().nullable(),
  at: t.timestamp(),
});
type Reading = ReadOf<(typeof Reading)["columns"]>;
const input = { schema: Reading.schema, time: "at", boundMicros: 7000 };

const reading: fc.Arbitrary<Reading> = fc.record({
  place: fc.constantFrom("a", "b", null),
  shelf: fc.constantFrom(1, 2),
  pieces: fc.integer({ min: -5, max: 5 }),
  weight: fc.constantFrom(WIDE, -WIDE, 1, -1, 1 / WIDE),
  label: fc.option(fc.string({ unit: "grapheme", maxLength: 4 })),
  at: fc.integer({ min: -40, max: 60 }).map((ms) => ms as Reading["at"]),
});

const aggregates: WindowOptions["aggregates"] = [
  { name: "rows", spec: count() },
  { name: "pieces", spec: sum("pieces") },
  { name: "mean", spec: avg("pieces") },
  { name: "weight", spec: sum("weight") },
  { name: "least", spec: min("label") },
  { name: "most", spec: max("label") },
];
const retractable = aggregates.slice(0, 4);

const SIZE = 10_000;
const OFFSET = 3000;

/** The rows of each group and window that its own clock did not make late, and the late ones. */
function sorted(options: WindowOptions, { inputs }: OracleInput) {
  const groups = new Map<
    string,
    { readonly start: number; readonly key: object; readonly entries: Entry[] }
  >();
  const late: Entry[] = [];
  for (const entry of inputs[0] ?? []) {
    const start = Math.floor((entry.time - OFFSET) / SIZE) * SIZE + OFFSET;
    if (entry.clock >= start + SIZE - 1 + options.allowedLatenessMicros) {
      late.push(entry);
      continue;
    }
    const key = Object.fromEntries(options.by.map((name) => [name, entry.row[name]]));
    const id = JSON.stringify([start, key]);
    const group = groups.get(id) ?? { start, key, entries: [] };
    group.entries.push(entry);
    groups.set(id, group);
  }
  return { groups: [...groups.values()], late };
}

function bytewise(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Of weights that are so far apart only the largest that do not cancel show. */
function weightOf(entries: readonly Entry[]): number {
  for (const scale of [WIDE, 1, 1 / WIDE]) {
    const ofScale = entries.filter(({ row }) => Math.abs(row["weight"] as number) === scale);
    const total = ofScale.reduce((sumSoFar, { row, diff }) => sumSoFar + (row["weight"] as number) * diff, 0);
    if (total !== 0) return total;
  }
  return 0;
}

function oracleOf(options: WindowOptions): (told: OracleInput) => OracleOutput {
  return (told) => {
    const { groups, late } = sorted(options, told);
    const results: Expected[] = [];
    for (const { start, key, entries } of groups) {
      const end = start + SIZE;
      const rows = entries.reduce((total, { diff }) => total + diff, 0);
      if (rows <= 0 || (options.emit === "final" && end - 1 > told.clock)) continue;
      const pieces = entries.reduce((total, { row, diff }) => total + (row["pieces"] as number) * diff, 0);
      const weight = weightOf(entries);
      const labels = entries
        .map(({ row }) => row["label"])
        .filter((label) => typeof label === "string")
        .toSorted(bytewise);
      const all = {
        rows,
        pieces,
        mean: pieces / rows,
        weight,
        least: labels[0] ?? null,
        most: labels.at(-1) ?? null,
      };
      const named = Object.entries(all).filter(([name]) =>
        options.aggregates.some((one) => one.name === name),
      );
      results.push({
        row: { ...key, windowStart: start / 1000, windowEnd: end / 1000, ...Object.fromEntries(named) },
        time: end - 1,
      });
    }
    return {
      ports: [
        results,
        late.map(({ row, diff, clock, time }) => ({ row: { ...row, lateBy: (clock - time) / 1000 }, diff })),
      ],
      counts: { late: late.length, folded: (told.inputs[0] ?? []).length - late.length },
    };
  };
}

const base = {
  by: ["place", "shelf"],
  window: { kind: "tumbling", sizeMicros: SIZE, offsetMicros: OFFSET },
  aggregates,
  allowedLatenessMicros: 0,
  emit: "final",
} satisfies WindowOptions;

/** Runs the operator in every way there is; what it throws names the way that failed. */
function check(options: WindowOptions): void {
  checkOperator({
    operator: window(options),
    inputs: [input],
    logs: fc.tuple(logArbitrary(reading)),
    oracle: oracleOf(options),
    runs: 10,
  });
}

test("a final window gives each group once, whatever the batches, shards and crashes", () => {
  expect(() => check(base)).not.toThrow();
});

test("a window without group columns gives one row for all", () => {
  expect(() => check({ ...base, by: [] })).not.toThrow();
});

test("a window with allowed lateness ends with the corrected results", () => {
  expect(() => check({ ...base, allowedLatenessMicros: 12_000 })).not.toThrow();
});

test("a window that emits on update ends with the same results, and shows open windows", () => {
  expect(() => check({ ...base, emit: "onUpdate" })).not.toThrow();
  expect(() => check({ ...base, emit: "onUpdate", allowedLatenessMicros: 5000 })).not.toThrow();
});

/** A row and, somewhere after it in the same split, the same row taken back. */
const changing = fc.array(fc.tuple(reading, fc.boolean(), fc.nat(2)), { maxLength: 16 }).map((lines) => {
  const splits: { row: Reading; diff: number }[][] = [[], [], []];
  for (const [row, isTakenBack, split] of lines) {
    splits[split]?.push({ row, diff: 1 });
    if (isTakenBack) splits[split]?.push({ row, diff: -1 });
  }
  return [splits];
});

function checkChanging(options: WindowOptions): void {
  checkOperator({
    operator: window(options),
    inputs: [{ ...input, change: "retract", key: [] }],
    logs: changing,
    oracle: oracleOf(options),
    runs: 6,
  });
}

test("rows that are taken back leave no trace, and a group without rows is deleted", () => {
  for (const allowedLatenessMicros of [0, 12_000]) {
    for (const emit of ["final", "onUpdate"] as const) {
      const options = { ...base, aggregates: retractable, allowedLatenessMicros, emit };
      expect(() => checkChanging(options)).not.toThrow();
    }
  }
});
