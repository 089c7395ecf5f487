/** What windows must give, worked out row by row from the definition; and the rows to try it on. */
import { t, type Schema, type Timestamp } from "@df/core";
import fc from "fast-check";
import { avg } from "../aggregates/avg/avg.ts";
import { count } from "../aggregates/count/count.ts";
import { max, min } from "../aggregates/min-max/min-max.ts";
import { sum } from "../aggregates/sum/sum.ts";
import { defineAggregate } from "../aggregates/user-defined/user-defined.ts";
import type { WindowOptions } from "./options.ts";
import type { Windowing } from "../windowing/windowing.ts";

/** A row of a log, with its clock. */
interface Entry {
  readonly row: Readonly<Record<string, unknown>>;
  readonly diff: number;
  readonly time: number;
  readonly clock: number;
}
/** A row that must come out. */
interface Expected {
  readonly row: Readonly<Record<string, unknown>>;
  readonly diff?: number;
  readonly time?: number;
}
/** What is known of a run: its rows, and the clock at its end. */
interface Told {
  readonly inputs: readonly (readonly Entry[])[];
  readonly clock: number;
}
/** What must come of it. */
interface Outcomes {
  readonly ports: readonly (readonly Expected[])[];
  readonly counts: { readonly late: number; readonly folded: number };
}

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
/** A row to try windows on. */
export type Reading = {
  readonly place: string | null;
  readonly shelf: number;
  readonly pieces: number;
  readonly weight: number;
  readonly label: string | null;
  readonly at: Timestamp;
};
/** How far the rows of a source are out of order, µs. */
export const BOUND: number = 7000;
/** Readings of a source, with event time. */
export const input: { schema: Schema; time: string; boundMicros: number } = {
  schema: Reading.schema,
  time: "at",
  boundMicros: BOUND,
};

export const reading: fc.Arbitrary<Reading> = fc.record({
  place: fc.constantFrom("a", "b", null),
  shelf: fc.constantFrom(1, 2),
  pieces: fc.integer({ min: -5, max: 5 }),
  weight: fc.constantFrom(WIDE, -WIDE, 1, -1, 1 / WIDE),
  label: fc.option(fc.string({ unit: "grapheme", maxLength: 4 })),
  at: fc.integer({ min: -40, max: 60 }).map((ms) => ms as Reading["at"]),
});

/** An aggregate as a user may define it: the sum of the pieces once more. */
const total = defineAggregate({
  value: t.int(),
  state: { n: t.int() },
  output: t.int(),
  init: () => ({ n: 0 }),
  add: ({ n }, value) => ({ n: n + value }),
  result: ({ n }) => n,
})
  .merge((a, b) => ({ n: a.n + b.n }))
  .retract(({ n }, value) => ({ n: n - value }));

export const own: WindowOptions["aggregates"][number] = { name: "total", spec: total.on("pieces") };

export const aggregates: WindowOptions["aggregates"] = [
  { name: "rows", spec: count() },
  { name: "pieces", spec: sum("pieces") },
  { name: "mean", spec: avg("pieces") },
  { name: "weight", spec: sum("weight") },
  { name: "least", spec: min("label") },
  { name: "most", spec: max("label") },
];
/** Those that can take rows back. */
export const retractable: WindowOptions["aggregates"] = aggregates.slice(0, 4);

/** Starts of the windows that hold a time, found by trying all that could. */
export function windowsOf(windowing: Windowing, time: number): number[] {
  const { sizeMicros, offsetMicros } = windowing;
  const every = windowing.kind === "sliding" ? windowing.everyMicros : sizeMicros;
  const starts: number[] = [];
  const around = Math.ceil((Math.abs(time - offsetMicros) + sizeMicros) / every) + 1;
  for (let n = -around; n <= around; n++) {
    const start = offsetMicros + n * every;
    if (start <= time && time < start + sizeMicros) starts.push(start);
  }
  return starts;
}

/** The rows of each group and window that its own clock did not make late, and the late ones. */
function sorted(options: WindowOptions, { inputs }: Told) {
  const groups = new Map<
    string,
    { readonly start: number; readonly key: object; readonly entries: Entry[] }
  >();
  const late: Entry[] = [];
  for (const entry of inputs[0] ?? []) {
    const key = Object.fromEntries(options.by.map((name) => [name, entry.row[name]]));
    const until = options.window.sizeMicros - 1 + options.allowedLatenessMicros;
    const starts = windowsOf(options.window, entry.time).filter((start) => entry.clock < start + until);
    if (starts.length === 0) late.push(entry);
    for (const start of starts) {
      const id = JSON.stringify([start, key]);
      const group = groups.get(id) ?? { start, key, entries: [] };
      group.entries.push(entry);
      groups.set(id, group);
    }
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

/** What must come out. */
export function oracleOf(options: WindowOptions): (told: Told) => Outcomes {
  return (told) => {
    const { groups, late } = sorted(options, told);
    const results: Expected[] = [];
    for (const { start, key, entries } of groups) {
      const end = start + options.window.sizeMicros;
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
        total: pieces,
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

/** A row and, somewhere after it in the same split, the same row taken back. */
export const changing: fc.Arbitrary<{ row: Reading; diff: number }[][][]> = fc
  .array(fc.tuple(reading, fc.boolean(), fc.nat(2)), { maxLength: 16 })
  .map((lines) => {
    const splits: { row: Reading; diff: number }[][] = [[], [], []];
    for (const [row, isTakenBack, split] of lines) {
      splits[split]?.push({ row, diff: 1 });
      if (isTakenBack) splits[split]?.push({ row, diff: -1 });
    }
    return [splits];
  });
