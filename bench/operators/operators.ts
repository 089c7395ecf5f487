/** Each operator, beside a loop over objects that does the same. */
import { t, type OperatorSpec } from "@df/core";
import {
  count,
  dedupe,
  filter,
  group,
  latest,
  map,
  max,
  session,
  sum,
  window,
  type Windowing,
} from "@df/operators";
import { warm, type Benchmark } from "../benchmark.ts";
import { operatorWork, plainWork, repeated, type MakePlain } from "./drive.ts";
import {
  plainDedupe,
  plainFilter,
  plainGroup,
  plainLatest,
  plainMap,
  plainSession,
  plainWindow,
} from "./plain.ts";
import { rowsWith, type KeyOf } from "./rows.ts";

const SECOND = 1_000_000;
const PRICE = 50_000;
/** Turns that a step without state takes for one. */
const LAPS = 5;
/** Keys that are busy for two seconds, and then others. */
const SHIFT_ROWS = 20_000;
const SHIFT_KEYS = 500;

const among =
  (keys: number): KeyOf =>
  (_i, random) =>
    random % keys;
const byShift: KeyOf = (i, random) => Math.floor(i / SHIFT_ROWS) * SHIFT_KEYS + (random % SHIFT_KEYS);

interface Case {
  readonly keyOf: KeyOf;
  readonly spec: OperatorSpec;
  readonly plain: MakePlain;
  readonly short?: boolean;
  readonly laps?: number;
}

function windowed(keyOf: KeyOf, windowing: Windowing, everyMicros: number): Case {
  const aggregates = [
    { name: "count", spec: count() },
    { name: "highest", spec: max("price") },
  ];
  const spec = window({
    by: ["key"],
    window: windowing,
    aggregates,
    allowedLatenessMicros: 0,
    emit: "final",
  });
  return { keyOf, spec, plain: plainWindow(windowing.sizeMicros, everyMicros) };
}

const TUMBLING: Windowing = { kind: "tumbling", sizeMicros: 4 * SECOND, offsetMicros: 0 };
const SLIDING: Windowing = {
  kind: "sliding",
  sizeMicros: 10 * SECOND,
  everyMicros: 2 * SECOND,
  offsetMicros: 0,
};
const CHEAPER = t.row({ key: t.int(), price: t.int() }).schema;

const CASES: Readonly<Record<string, Case>> = {
  filter: {
    keyOf: among(1000),
    spec: filter({ columns: ["price"], keep: ({ price }) => (price as number) > PRICE }),
    plain: plainFilter(PRICE),
    laps: LAPS,
    short: true,
  },
  map: {
    keyOf: among(1000),
    spec: map({
      columns: ["key", "price"],
      output: CHEAPER,
      make: ({ key, price }) => ({ key, price: (price as number) - 1 }),
    }),
    plain: plainMap(({ key, price }) => ({ key, price: price - 1 })),
    laps: LAPS,
  },
  "tumbling, 1k keys": windowed(among(1000), TUMBLING, TUMBLING.sizeMicros),
  "tumbling, 100k keys": { ...windowed(among(100_000), TUMBLING, TUMBLING.sizeMicros), short: true },
  "sliding, 1k keys": { ...windowed(among(1000), SLIDING, SLIDING.everyMicros), short: true },
  session: {
    keyOf: byShift,
    spec: session({
      by: ["key"],
      gapMicros: SECOND,
      aggregates: [{ name: "count", spec: count() }],
      allowedLatenessMicros: 0,
      emit: "final",
    }),
    plain: plainSession(SECOND),
    short: true,
  },
  "groupBy, 10k keys": {
    keyOf: among(10_000),
    spec: group({
      by: ["key"],
      aggregates: [
        { name: "count", spec: count() },
        { name: "highest", spec: max("price") },
        { name: "total", spec: sum("price") },
      ],
    }),
    plain: plainGroup(),
    short: true,
  },
  "latest, 10k keys": {
    keyOf: among(10_000),
    spec: latest({ group: ["key"], by: ["at", "id"] }),
    plain: plainLatest(),
    short: true,
  },
  dedupe: {
    keyOf: among(1000),
    spec: dedupe({ by: ["id"], withinMicros: 5 * SECOND, keep: "any" }),
    plain: plainDedupe(5 * SECOND),
    short: true,
  },
};

/** The operators. */
export const BENCHMARKS: readonly Benchmark[] = Object.entries(CASES).map(
  ([name, { keyOf, spec, plain, short = false, laps = 1 }]) =>
    warm(
      `operators/${name}`,
      "row",
      () => {
        const rows = rowsWith(keyOf);
        return {
          reference: repeated(plainWork(rows, plain), laps),
          subject: repeated(operatorWork(rows, spec), laps),
        };
      },
      { short },
    ),
);
