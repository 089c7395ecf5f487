/** What the unit tests of windows have in common: sales in shops, and operators over them. */
import { t, type Schema, type Shape } from "@df/core";
import { count } from "../aggregates/count/count.ts";
import { sum } from "../aggregates/sum/sum.ts";
import { openBare, type Bare } from "../bare-operator.testing.ts";
import type { WindowOptions } from "./options.ts";
import { window } from "./window.ts";
import type { Windowing } from "../windowing/windowing.ts";

type Row = Readonly<Record<string, unknown>>;

/** Microseconds in a millisecond. */
export const MS = 1000;
/** Columns of the input. */
export const SALE: Schema = t.row({ shop: t.string(), cents: t.int(), at: t.timestamp() }).schema;
/** Sales that only append, with event time. */
export const INPUT: Shape = { schema: SALE, change: "append", key: [], timed: true };

/** Number and sum of a shop's sales, given once. */
export function salesIn<W extends Windowing>(windowing: W): WindowOptions & { readonly window: W } {
  return {
    by: ["shop"],
    window: windowing,
    aggregates: [
      { name: "sales", spec: count() },
      { name: "cents", spec: sum("cents") },
    ],
    allowedLatenessMicros: 0,
    emit: "final",
  };
}

/** A row of the input; `at` in ms. */
export function sale(shop: string, at: number, cents = 1): Row {
  return { shop, cents, at };
}

/** Diff, shop, start and number of sales of what was put out. */
export function shown(harness: {
  output(): readonly { readonly row: Row; readonly diff: number }[];
}): unknown[] {
  return harness.output().map(({ row, diff }) => [diff, row["shop"], row["windowStart"], row["sales"]]);
}

/** The operator without a harness. */
export function bareWindow(options: WindowOptions): Bare {
  return openBare(window(options), INPUT);
}
