/** What sessions must be, found by sorting all rows and cutting them at gaps; and the rows to try it on. */
import { t, type Schema, type Timestamp } from "@df/core";
import fc from "fast-check";
import { avg } from "../aggregates/avg/avg.ts";
import { count } from "../aggregates/count/count.ts";
import { max, min } from "../aggregates/min-max/min-max.ts";
import type { NamedAggregate } from "../aggregates/named.ts";
import { sum } from "../aggregates/sum/sum.ts";
import { defineAggregate } from "../aggregates/user-defined/user-defined.ts";
import { where } from "../aggregates/where/where.ts";
import type { SessionOptions } from "./options.ts";

/** A row of a log, with its clock. */
interface Entry {
  readonly row: Readonly<Record<string, unknown>>;
  readonly time: number;
  readonly clock: number;
}
/** A row that must come out. */
interface Expected {
  readonly row: Readonly<Record<string, unknown>>;
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

const Click = t.row({
  user: t.string().nullable(),
  site: t.int32(),
  pieces: t.int().nullable(),
  weight: t.float64(),
  label: t.string().nullable(),
  at: t.timestamp(),
});
/** A row to try sessions on. */
export type Click = {
  readonly user: string | null;
  readonly site: number;
  readonly pieces: number | null;
  readonly weight: number;
  readonly label: string | null;
  readonly at: Timestamp;
};
/** Clicks of a source, with event time, in disorder of 3 ms. */
export const input: { schema: Schema; time: string; boundMicros: number } = {
  schema: Click.schema,
  time: "at",
  boundMicros: 3000,
};

export const click: fc.Arbitrary<Click> = fc.record({
  user: fc.constantFrom("a", "b", null),
  site: fc.constantFrom(1, 2),
  pieces: fc.option(fc.integer({ min: -5, max: 5 })),
  // Sums of these are exact, and too wide for the words of a row: their state lies in the heap.
  weight: fc.constantFrom(2 ** 600, 0.5, 3),
  label: fc.option(fc.string({ unit: "grapheme", maxLength: 4 })),
  at: fc.integer({ min: -30, max: 50 }).map((ms) => ms as Timestamp),
});

/** Joins texts as a user may do it: in the order of the texts, so the order of the rows plays no part. */
const texts = defineAggregate({
  value: t.string(),
  state: { all: t.string() },
  output: t.string(),
  init: () => ({ all: "" }),
  add: ({ all }, value) => ({ all: mixed(all, value) }),
  result: ({ all }) => all,
}).merge((a, b) => ({ all: mixed(a.all, b.all) }));

function mixed(a: string, b: string): string {
  return Array.from(a + b)
    .toSorted()
    .join("");
}

const some = {
  columns: ["pieces"],
  keep: (row: Readonly<Record<string, unknown>>) => row["pieces"] !== null && Number(row["pieces"]) > 0,
};

/** One of each kind. */
export const aggregates: readonly NamedAggregate[] = [
  { name: "rows", spec: count() },
  { name: "pieces", spec: sum("pieces") },
  { name: "mean", spec: avg("pieces") },
  { name: "weight", spec: sum("weight") },
  { name: "least", spec: min("label") },
  { name: "most", spec: max("label") },
  { name: "letters", spec: texts.on("label") },
  { name: "some", spec: where(some, sum("pieces")) },
];

function resultOf(entries: readonly Entry[]): Record<string, unknown> {
  const rows = entries.map(({ row }) => row as Click);
  const pieces = rows.flatMap((row) => (row.pieces === null ? [] : [row.pieces]));
  const wide = rows.filter(({ weight }) => weight > 3).length;
  const narrow = rows.reduce((total, { weight }) => total + (weight > 3 ? 0 : weight), 0);
  const labels = rows
    .flatMap(({ label }) => (label === null ? [] : [label]))
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const total = pieces.length === 0 ? null : pieces.reduce((sumSoFar, each) => sumSoFar + each, 0);
  const above = pieces.filter((each) => each > 0);
  return {
    rows: rows.length,
    pieces: total,
    mean: total === null ? null : total / pieces.length,
    weight: wide === 0 ? narrow : wide * 2 ** 600,
    least: labels[0] ?? null,
    most: labels.at(-1) ?? null,
    letters: labels.length === 0 ? null : Array.from(labels.join("")).toSorted().join(""),
    some: above.length === 0 ? null : above.reduce((sumSoFar, each) => sumSoFar + each, 0),
  };
}

/** The sessions of one group: its rows by time, cut where neighbours are further apart than the gap. */
function sessionsOf(entries: readonly Entry[], gapMicros: number): Entry[][] {
  const sessions: Entry[][] = [];
  for (const entry of entries.toSorted((a, b) => a.time - b.time)) {
    const open = sessions.at(-1);
    const last = open?.at(-1);
    if (open !== undefined && last !== undefined && entry.time - last.time <= gapMicros) open.push(entry);
    else sessions.push([entry]);
  }
  return sessions;
}

/** What must come out. */
export function oracleOf(options: SessionOptions): (told: Told) => Outcomes {
  const { by, gapMicros, allowedLatenessMicros, emit } = options;
  return ({ inputs: [entries = []], clock }) => {
    const isLate = (entry: Entry): boolean => entry.time + allowedLatenessMicros <= entry.clock;
    const late = entries.filter(isLate);
    const keyOf = ({ row }: Entry): object => Object.fromEntries(by.map((name) => [name, row[name]]));
    const taken = entries.filter((entry) => !isLate(entry));
    const groups = Map.groupBy(taken, (entry) => JSON.stringify(keyOf(entry)));
    const sessions = [...groups.values()].flatMap((group) => sessionsOf(group, gapMicros));
    const results = sessions.flatMap((session): Expected[] => {
      const [first] = session;
      const end = (session.at(-1)?.time ?? 0) + gapMicros;
      if (first === undefined || (emit === "final" && end > clock)) return [];
      const bounds = { windowStart: first.time / 1000, windowEnd: end / 1000 };
      return [{ row: { ...keyOf(first), ...bounds, ...resultOf(session) }, time: end - 1 }];
    });
    return {
      ports: [
        results,
        late.map((entry) => ({ row: { ...entry.row, lateBy: (entry.clock - entry.time) / 1000 } })),
      ],
      counts: { late: late.length, folded: taken.length },
    };
  };
}
