/** What joins of windows must give, worked out pair by pair from the definition; and the rows to try it on. */
import { t, type Schema, type Timestamp } from "@df/core";
import fc from "fast-check";
import type { JoinWindowOptions } from "./options.ts";

type Row = Readonly<Record<string, unknown>>;
/** A row of a log, with its clock. */
interface Entry {
  readonly row: Row;
  readonly time: number;
  readonly clock: number;
}
/** What is known of a run: its rows, and the clock at its end. */
interface Told {
  readonly inputs: readonly (readonly Entry[])[];
  readonly clock: number;
}
/** What must come of it. */
interface Outcomes {
  readonly ports: readonly (readonly { readonly row: Row; readonly time?: number }[])[];
  readonly counts: { readonly late: number; readonly folded: number; readonly filtered: number };
}
/** An input of the join. */
interface Side {
  readonly schema: Schema;
  readonly time: string;
  readonly boundMicros: number;
}

const Person = t.row({
  id: t.string().nullable(),
  city: t.int().nullable(),
  name: t.string(),
  cents: t.int64().nullable(),
  delay: t.int(),
  at: t.timestamp(),
});
const Auction = t.row({
  at: t.timestamp(),
  item: t.string().nullable(),
  place: t.int(),
  seller: t.string().nullable(),
  price: t.float64(),
  delay: t.int(),
});

/** Both sides: the left one is 5 ms out of order, the right one 9 ms. */
export const SIDES: readonly [Side, Side] = [
  { schema: Person.schema, time: "at", boundMicros: 5000 },
  { schema: Auction.schema, time: "at", boundMicros: 9000 },
];

const at = fc.integer({ min: -20, max: 40 }).map((ms) => ms as Timestamp);
/** Few values each, so that rows have partners and duplicates; some integers are wide. */
export const person: fc.Arbitrary<{ readonly at: Timestamp; readonly delay: number }> = fc.record({
  id: fc.constantFrom("a", "b", "", null),
  city: fc.constantFrom(1, 2, null),
  name: fc.constantFrom("Ann", "Bo\0", ""),
  cents: fc.constantFrom(1n, 2n ** 62n, null),
  at,
  delay: fc.nat(25),
});
export const auction: fc.Arbitrary<{ readonly at: Timestamp; readonly delay: number }> = fc.record({
  at,
  item: fc.constantFrom("cup", "", null),
  place: fc.constantFrom(1, 2),
  seller: fc.constantFrom("a", "b", "c", null),
  price: fc.constantFrom(0.5, Number.NaN),
  delay: fc.nat(25),
});

/** The columns of both sides, but for the one that nobody reads. */
export const base: JoinWindowOptions = {
  on: [
    { left: "id", right: "seller" },
    { left: "city", right: "place" },
  ],
  window: { kind: "tumbling", sizeMicros: 10_000, offsetMicros: 3000 },
  type: "inner",
  left: { person: "id", city: "city", name: "name", cents: "cents", at: "at" },
  right: { seller: "seller", place: "place", item: "item", price: "price" },
  allowedLatenessMicros: 0,
};

/** Starts of the windows that hold a time, found by trying all around it. */
function windowsOf({ window: windowing }: JoinWindowOptions, time: number): number[] {
  const { sizeMicros, offsetMicros } = windowing;
  const every = windowing.kind === "sliding" ? windowing.everyMicros : sizeMicros;
  const starts: number[] = [];
  for (let n = -100; n <= 100; n++) {
    const start = offsetMicros + n * every;
    if (start <= time && time < start + sizeMicros) starts.push(start);
  }
  return starts;
}

/** The windows that take a row, by its own clock. */
function takenBy(options: JoinWindowOptions, { time, clock }: Entry): number[] {
  const until = options.window.sizeMicros - 1 + options.allowedLatenessMicros;
  return windowsOf(options, time).filter((start) => clock < start + until);
}

/** The columns of the result that come from one side; null for a row that is not there. */
function shown(columns: Readonly<Record<string, string>>, row: Row | undefined): Row {
  return Object.fromEntries(
    Object.entries(columns).map(([name, column]) => [name, row === undefined ? null : row[column]]),
  );
}

function pairsOf(options: JoinWindowOptions, left: readonly Row[], right: readonly Row[]): Row[] {
  const { on, type } = options;
  const agree = (a: Row, b: Row): boolean =>
    on.every((pair) => a[pair.left] !== null && a[pair.left] === b[pair.right]);
  const pairs: Row[] = [];
  const row = (a: Row | undefined, b: Row | undefined): Row => ({
    ...shown(options.left, a),
    ...shown(options.right, b),
  });
  for (const a of left) for (const b of right) if (agree(a, b)) pairs.push(row(a, b));
  if (type === "left" || type === "full") {
    for (const a of left) if (!right.some((b) => agree(a, b))) pairs.push(row(a, undefined));
  }
  if (type === "right" || type === "full") {
    for (const b of right) if (!left.some((a) => agree(a, b))) pairs.push(row(undefined, b));
  }
  return pairs;
}

/** What must come out. */
export function oracleOf(options: JoinWindowOptions): (told: Told) => Outcomes {
  const { on, type, window: windowing, allowedLatenessMicros } = options;
  return ({ inputs, clock }) => {
    const sides = (["left", "right"] as const).map((side, port) => {
      const all = inputs[port] ?? [];
      const mayBeAlone = type === side || type === "full";
      const kept = all.filter(({ row }) => mayBeAlone || on.every((pair) => row[pair[side]] !== null));
      const late = kept.filter((entry) => takenBy(options, entry).length === 0);
      return { kept, late, filtered: all.length - kept.length };
    });
    const entries = sides.flatMap(({ kept }) => kept);
    const starts = new Set(entries.flatMap((entry) => takenBy(options, entry)));
    const results = [...starts].flatMap((start) => {
      const end = start + windowing.sizeMicros;
      if (end - 1 + allowedLatenessMicros > clock) return [];
      const [left = [], right = []] = sides.map(({ kept }) =>
        kept.filter((entry) => takenBy(options, entry).includes(start)).map(({ row }) => row),
      );
      return pairsOf(options, left, right).map((row) => ({
        row: { ...row, windowStart: start / 1000, windowEnd: end / 1000 },
        time: end - 1,
      }));
    });
    const late = sides.map((side) =>
      side.late.map((entry) => ({
        row: { ...entry.row, lateBy: (entry.clock - entry.time) / 1000 },
      })),
    );
    const lateCount = late.flat().length;
    return {
      ports: [results, ...late],
      counts: {
        late: lateCount,
        folded: entries.length - lateCount,
        filtered: sides.reduce((sum, { filtered }) => sum + filtered, 0),
      },
    };
  };
}
