/** Rows with every type of column and the values that writers and readers get wrong. */
import { t } from "dataflow";

/** Every type; all but `id` may be null. `part` is what tables are partitioned by. */
export const EveryType = t.row({
  id: t.int32(),
  flag: t.bool().nullable(),
  small: t.int32().nullable(),
  big: t.int64().nullable(),
  whole: t.int().nullable(),
  exact: t.decimal(18, 2).nullable(),
  real: t.float64().nullable(),
  text: t.string().nullable(),
  raw: t.bytes().nullable(),
  day: t.date().nullable(),
  at: t.timestamp().nullable(),
  doc: t.json().nullable(),
  part: t.string().nullable(),
});
/** A row of every type, as it is written. */
export type EveryRow = t.input<typeof EveryType>;

/** A point in time by its microseconds since 1970. */
const micros = (value: bigint): { readonly epochNanoseconds: bigint } => ({
  epochNanoseconds: value * 1000n,
});

const VALUES = {
  flag: [true, false],
  small: [0, -1, 2_147_483_647, -2_147_483_648],
  big: [0n, -1n, 9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n, 9_007_199_254_740_993n],
  whole: [0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
  exact: ["0.00", "-0.05", "9999999999999999.99", "-9999999999999999.99", "1.20"],
  real: [0, -0, 1.5, -1e300, 5e-324, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1],
  text: [
    "",
    "a",
    "ü",
    "😀".repeat(40),
    "\uffff",
    "\u0000x",
    "z".repeat(33),
    "__HIVE_DEFAULT_PARTITION__",
    " \n",
  ],
  raw: [new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(255, 0, 254), new Uint8Array(100).fill(7)],
  day: ["1970-01-01", "1969-12-31", "0001-01-01", "1582-10-04", "9999-12-31", "2026-02-28"],
  at: [
    micros(0n),
    micros(-1n),
    micros(9_007_199_254_740_991n),
    micros(-9_007_199_254_740_991n),
    micros(1_767_225_599_999_999n),
  ],
  doc: [{}, [], "text", 1.5, false, { a: { "😀": [null, 1] } }],
} as const;

/** Values that are hard to name a folder for. */
const PARTS: readonly (string | null)[] = [
  ..."a/b|..|.|=|a=b|%|%2F|'|\"|a'b\"c|\\|*|?|[x]|{x}|#|:|+|&|null|ü|😀|CON".split("|"),
  " ",
  "a ",
  "\n",
  "\u0001",
  "__HIVE_DEFAULT_PARTITION__",
  "",
  null,
];

/**
 * Rows in which each of these values comes up with others beside it, and each column is null now and then: columns turn
 * at their own pace. `part` has the first `parts` of its values; 12 or all of them give files with different values.
 */
export function everyRows(first: number, count: number, parts: 12 | 30 = 30): EveryRow[] {
  return Array.from({ length: count }, (_, i) => {
    const id = first + i;
    // Moved on with each round of `parts`: 13 and 31 have no divisor in common with the lengths of the lists.
    const at = id + Math.floor(id / parts);
    const turned = Object.entries(VALUES).map(([name, values]) => [
      name,
      [...values, null][at % (values.length + 1)],
    ]);
    return { id, ...Object.fromEntries(turned), part: PARTS[id % parts] ?? null } as EveryRow;
  });
}
