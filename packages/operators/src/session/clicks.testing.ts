/** What the tests of sessions have in common: clicks of users, and operators over them. */
import { t, type Schema, type Shape } from "@df/core";
import { count } from "../aggregates/count/count.ts";
import { sum } from "../aggregates/sum/sum.ts";
import { openBare, type Bare } from "../bare-operator.testing.ts";
import type { SessionOptions } from "./options.ts";
import { session } from "./session.ts";

type Row = Readonly<Record<string, unknown>>;
/** What has put out rows. */
interface Shows {
  output(): readonly { readonly row: Row; readonly diff: number }[];
}

/** Microseconds in a millisecond. */
export const MS = 1000;
/** Columns of the input. */
export const CLICK: Schema = t.row({ user: t.string(), n: t.int(), at: t.timestamp() }).schema;
/** Clicks that only append, with event time. */
export const INPUT: Shape = { schema: CLICK, change: "append", key: [], timed: true };
/** Clicks of a user, no two further apart than 10 ms. */
export const options: SessionOptions = {
  by: ["user"],
  gapMicros: 10 * MS,
  aggregates: [
    { name: "clicks", spec: count() },
    { name: "sum", spec: sum("n") },
  ],
  allowedLatenessMicros: 0,
  emit: "final",
};

/** A row of the input; `at` in ms. */
export function click(user: string, at: number, n = 1): Row {
  return { user, n, at };
}

/** Diff, user, bounds and clicks of what was put out from a place on. */
export function shown(harness: Shows, from = 0): unknown[] {
  return harness
    .output()
    .slice(from)
    .map(({ row, diff }) => [diff, row["user"], row["windowStart"], row["windowEnd"], row["clicks"]]);
}

/** Very many users. */
export const many: readonly string[] = Array.from({ length: 10_000 }, (_, i) => String(i).padStart(5, "0"));

/** Gives a click of each of them. */
export function pushAll(harness: { push(rows: readonly Row[]): void }, at: number): void {
  for (let from = 0; from < many.length; from += 2500) {
    harness.push(many.slice(from, from + 2500).map((user) => click(user, at)));
  }
}

/** The operator without a harness; its tables are groups, then sessions. */
export function bareSession(sessions: SessionOptions): Bare {
  return openBare(session(sessions), INPUT);
}
