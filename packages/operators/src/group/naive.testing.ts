/** What groups must give, worked out from all rows at once; and the rows to try it on. */
import { t, type RowCondition, type Schema } from "@df/core";
import fc from "fast-check";
import { avg } from "../aggregates/avg/avg.ts";
import { count } from "../aggregates/count/count.ts";
import { max, min } from "../aggregates/min-max/min-max.ts";
import type { NamedAggregate } from "../aggregates/named.ts";
import { sum } from "../aggregates/sum/sum.ts";
import { defineAggregate } from "../aggregates/user-defined/user-defined.ts";
import { where } from "../aggregates/where/where.ts";

/** Sales of shops: the input. */
export const SALE: Schema = t.row({
  shop: t.string().nullable(),
  day: t.int32().nullable(),
  cents: t.int().nullable(),
  weight: t.float64(),
  label: t.string().nullable(),
}).schema;
/** A row of it. */
export type Sale = {
  readonly shop: string | null;
  readonly day: number | null;
  readonly cents: number | null;
  readonly weight: number;
  readonly label: string | null;
};
/** A row of a log, with its diff. */
interface Entry {
  readonly row: Readonly<Record<string, unknown>>;
  readonly diff: number;
}
/** A row that must come out. */
interface Expected {
  readonly row: Readonly<Record<string, unknown>>;
}

export const sale: fc.Arbitrary<Sale> = fc.record({
  shop: fc.constantFrom("a", "b", "ä", "", null),
  day: fc.constantFrom(1, 2, null),
  cents: fc.option(fc.integer({ min: -4, max: 4 })),
  weight: fc.integer({ min: -3, max: 3 }),
  label: fc.option(fc.string({ unit: "grapheme", maxLength: 4 })),
});

/** A sale and, somewhere after it in the same split, the same sale taken back. */
export const changing: fc.Arbitrary<{ row: Sale; diff: number }[][][]> = fc
  .array(fc.tuple(sale, fc.boolean(), fc.nat(2)), { maxLength: 20 })
  .map((lines) => {
    const splits: { row: Sale; diff: number }[][] = [[], [], []];
    const owed: { row: Sale; split: number }[] = [];
    for (const [row, isTakenBack, split] of lines) {
      splits[split]?.push({ row, diff: 1 });
      if (isTakenBack) owed.push({ row, split });
      // Every second time the oldest sale of all that are owed goes, so groups lose rows that others came after.
      const due = owed.length > 1 ? owed.shift() : undefined;
      if (due !== undefined) splits[due.split]?.push({ row: due.row, diff: -1 });
    }
    for (const { row, split } of owed) splits[split]?.push({ row, diff: -1 });
    return [splits];
  });

/** An aggregate as a user may define it: the sum of squares. */
const squares = defineAggregate({
  value: t.int(),
  state: { n: t.int() },
  output: t.int(),
  init: () => ({ n: 0 }),
  add: ({ n }, value) => ({ n: n + value * value }),
  result: ({ n }) => n,
}).retract(({ n }, value) => ({ n: n - value * value }));

/** Says which sales are dear. */
export const dear: RowCondition = {
  columns: ["cents"],
  keep: (row: Readonly<Record<string, unknown>>) => ((row["cents"] as number | null) ?? 0) > 1,
};
/** Reads whole rows. */
const heavy: RowCondition = {
  columns: "all",
  keep: (row: Readonly<Record<string, unknown>>) =>
    Object.keys(row).length === 5 && Number(row["weight"]) > 0,
};

const RETRACTABLE: readonly NamedAggregate[] = [
  { name: "sales", spec: count() },
  { name: "cents", spec: sum("cents") },
  { name: "mean", spec: avg("cents") },
  { name: "weight", spec: sum("weight") },
  { name: "squares", spec: squares.on("cents") },
  { name: "dear", spec: where(dear, count()) },
  { name: "dearCents", spec: where(dear, sum("cents")) },
  { name: "heavyMean", spec: where(heavy, avg("weight")) },
  { name: "heavySquares", spec: where(heavy, squares.on("cents")) },
];
const EXTREMES: readonly NamedAggregate[] = [
  { name: "least", spec: min("label") },
  { name: "most", spec: max("cents") },
  { name: "heavyMost", spec: where(heavy, max("label")) },
];
/** All of them, or those that can take rows back. */
export const aggregatesOf = (change: "append" | "retract"): readonly NamedAggregate[] =>
  change === "append" ? [...RETRACTABLE, ...EXTREMES] : RETRACTABLE;

/** The rows that are left: each as often as it was given more than taken back. */
function left(entries: readonly Entry[]): Sale[] {
  const rows = new Map<string, { readonly row: Sale; times: number }>();
  for (const { row, diff } of entries) {
    const id = JSON.stringify(row);
    const known = rows.get(id) ?? { row: row as Sale, times: 0 };
    known.times += diff;
    rows.set(id, known);
  }
  return [...rows.values()].flatMap(({ row, times }) => Array.from({ length: times }, () => row));
}

function present<T>(values: readonly (T | null)[]): T[] {
  return values.filter((value) => value !== null);
}

function total(numbers: readonly number[]): number | null {
  return numbers.length === 0 ? null : numbers.reduce((sumSoFar, each) => sumSoFar + each, 0);
}

function mean(numbers: readonly number[]): number | null {
  const all = total(numbers);
  return all === null ? null : all / numbers.length;
}

function sortedTexts(rows: readonly Sale[]): string[] {
  return present(rows.map(({ label }) => label)).toSorted((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
}

function resultOf(rows: readonly Sale[]): Record<string, unknown> {
  const cents = present(rows.map((row) => row.cents));
  const dearCents = cents.filter((each) => each > 1);
  const heavies = rows.filter(({ weight }) => weight > 0);
  const square = (n: number): number => n * n;
  return {
    sales: rows.length,
    cents: total(cents),
    mean: mean(cents),
    weight: total(rows.map(({ weight }) => weight)),
    squares: total(cents.map(square)),
    dear: dearCents.length,
    dearCents: total(dearCents),
    heavyMean: mean(heavies.map(({ weight }) => weight)),
    heavySquares: total(present(heavies.map((row) => row.cents)).map(square)),
    least: sortedTexts(rows)[0] ?? null,
    most: cents.length === 0 ? null : Math.max(...cents),
    heavyMost: sortedTexts(heavies).at(-1) ?? null,
  };
}

/** What groups by these columns show in the end, in the columns of the aggregates. */
export function naiveGroups(
  entries: readonly Entry[],
  by: readonly (keyof Sale)[],
  aggregates: readonly NamedAggregate[],
): Expected[] {
  const groups = new Map<string, { readonly key: object; readonly rows: Sale[] }>();
  for (const row of left(entries)) {
    const key = Object.fromEntries(by.map((name) => [name, row[name]]));
    const id = JSON.stringify(key);
    const group = groups.get(id) ?? { key, rows: [] };
    group.rows.push(row);
    groups.set(id, group);
  }
  return [...groups.values()].map(({ key, rows }) => {
    const result = resultOf(rows);
    return { row: { ...key, ...Object.fromEntries(aggregates.map(({ name }) => [name, result[name]])) } };
  });
}
