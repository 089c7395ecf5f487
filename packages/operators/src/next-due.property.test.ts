/** What operators say is over next, compared with what they give when the clock is there. */
import type { Batch, Operator } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bareSession, CLICK, click, options as sessionOptions } from "./session/clicks.testing.ts";
import { bareWindow, MS, SALE, sale, salesIn } from "./window/sales.testing.ts";

const sliding = (size: number, every: number) =>
  ({ kind: "sliding", sizeMicros: size * MS, everyMicros: every * MS, offsetMicros: 0 }) as const;
const tumbling = { kind: "tumbling", sizeMicros: 10 * MS, offsetMicros: 3 * MS } as const;

/** Rows by time, ms, in operators that take them and show what is over. */
const operators: Readonly<
  Record<string, () => { operator: Operator; batch: (times: readonly number[]) => Batch }>
> = {
  "tumbling windows": () => windows(bareWindow(salesIn(tumbling)).operator),
  "windows in panes": () => windows(bareWindow(salesIn(sliding(10, 5))).operator),
  "windows without panes": () => windows(bareWindow(salesIn(sliding(1000, 1))).operator),
  "windows with late corrections": () =>
    windows(bareWindow({ ...salesIn(tumbling), allowedLatenessMicros: 20 * MS }).operator),
  sessions: () => sessions(bareSession(sessionOptions).operator),
  "sessions with late corrections": () =>
    sessions(bareSession({ ...sessionOptions, allowedLatenessMicros: 70 * MS }).operator),
};

function windows(operator: Operator) {
  return { operator, batch: (times: readonly number[]) => batchOf(SALE, salesAt(times), { times: "at" }) };
}

function sessions(operator: Operator) {
  return { operator, batch: (times: readonly number[]) => batchOf(CLICK, clicksAt(times), { times: "at" }) };
}

const salesAt = (times: readonly number[]): object[] => times.map((at, i) => sale("ab"[i % 2] as string, at));
const clicksAt = (times: readonly number[]): object[] =>
  times.map((at, i) => click("ab"[i % 2] as string, at));

test.each(Object.keys(operators))(
  "%s give something at the clock that is due next, and nothing before",
  (name) => {
    const times = fc.array(fc.integer({ min: -200, max: 200 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(times, (given) => {
        const { operator, batch } = (operators[name] as NonNullable<(typeof operators)[string]>)();
        let shown = 0;
        const out = (some: Batch): "ok" => {
          shown += some.length;
          return "ok";
        };
        expect(operator.nextDue?.()).toBeUndefined();
        operator.onBatch(batch(given), 0, out);
        for (let due = operator.nextDue?.(), before = shown; due !== undefined; before = shown) {
          operator.onClock?.(due - 1, out);
          expect(shown).toBe(before);
          operator.onClock?.(due, out);
          expect(shown).toBeGreaterThan(before);
          due = operator.nextDue?.();
        }
        const all = shown;
        operator.onClock?.(Number.POSITIVE_INFINITY, out);
        expect(shown).toBe(all);
      }),
      { numRuns: 50 },
    );
  },
);
