import { checkOperator, logArbitrary, openOperator } from "@df/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  aggregates,
  BOUND,
  changing,
  input,
  oracleOf,
  own,
  reading,
  retractable,
  windowsOf,
} from "./naive.testing.ts";
import type { WindowOptions } from "./options.ts";
import { window } from "./window.ts";
import { gridOf, type SlidingWindow } from "../windowing/windowing.ts";

function sliding(sizeMicros: number, everyMicros: number, offsetMicros = 0): SlidingWindow {
  return { kind: "sliding", sizeMicros, everyMicros, offsetMicros };
}

/** Panes of a step, of a part of it, and none, as 1 µs would be too short. */
const WINDOWS = [
  sliding(12_000, 4000, 1000),
  sliding(10_000, 4000),
  sliding(7000, 5000, 2000),
  sliding(9000, 3001),
];
const LATENESS = [0, 6000, 25_000];

const base: WindowOptions = {
  by: ["place", "shelf"],
  window: sliding(12_000, 4000, 1000),
  aggregates: [...aggregates, own],
  allowedLatenessMicros: 0,
  emit: "final",
};

/** Mostly in order, so that windows fire while rows still come; rows of disorder are late for some of their windows. */
const log = logArbitrary(reading, { order: ({ at, pieces }) => (at as number) + 6 * (pieces as number) });

/** Few logs are tried of each window, as each is run in many ways: without the bias to small ones they are telling. */
const logs = fc.noBias(fc.tuple(log));

/** Runs the operator in every way there is; what it throws names the way that failed. */
function check(options: WindowOptions, runs = 2): void {
  checkOperator({
    operator: window(options),
    inputs: [input],
    logs,
    oracle: oracleOf(options),
    runs,
  });
}

function checkChanging(given: WindowOptions): void {
  const options = { ...given, aggregates: [...retractable, own] };
  checkOperator({
    operator: window(options),
    inputs: [{ ...input, change: "retract", key: [] }],
    logs: fc.noBias(changing),
    oracle: oracleOf(options),
    runs: 1,
  });
}

test("the windows of these tests have panes of a step, panes of a part of it, and no panes", () => {
  expect(WINDOWS.map((one) => [gridOf(one, true).paneMicros, gridOf(one, true).isPaned])).toEqual([
    [4000, true],
    [2000, true],
    [1000, true],
    [1, false],
  ]);
});

test("a final sliding window gives each group of each window once, whatever the batches, shards and crashes", () => {
  for (const one of WINDOWS) expect(() => check({ ...base, window: one })).not.toThrow();
});

test("sliding windows without group columns give one row each", () => {
  expect(() => check({ ...base, by: [], window: sliding(10_000, 4000, -1000) })).not.toThrow();
});

test("sliding windows with allowed lateness end with the corrected results", () => {
  for (const [index, one] of WINDOWS.entries()) {
    const allowedLatenessMicros = LATENESS[1 + (index % 2)] ?? 0;
    expect(() => check({ ...base, window: one, allowedLatenessMicros })).not.toThrow();
  }
});

test("sliding windows that emit on update end with the same results, and show open windows", () => {
  for (const [index, one] of WINDOWS.slice(1).entries()) {
    const allowedLatenessMicros = LATENESS[index] ?? 0;
    expect(() => check({ ...base, window: one, allowedLatenessMicros, emit: "onUpdate" }, 1)).not.toThrow();
  }
});

test("rows that are taken back leave no trace in any of their windows", () => {
  for (const [index, one] of WINDOWS.entries()) {
    const allowedLatenessMicros = LATENESS[index % 3] ?? 0;
    expect(() => checkChanging({ ...base, window: one, allowedLatenessMicros })).not.toThrow();
  }
  expect(() => checkChanging({ ...base, emit: "onUpdate", allowedLatenessMicros: 6000 })).not.toThrow();
});

test("rows that are late for some of their windows only are counted", () => {
  const cases = fc.record({
    rows: fc.array(reading, { maxLength: 20 }),
    one: fc.constantFrom(...WINDOWS),
    allowedLatenessMicros: fc.constantFrom(...LATENESS),
    emit: fc.constantFrom("final", "onUpdate"),
  });
  fc.assert(
    fc.property(cases, ({ rows, one, allowedLatenessMicros, emit }) => {
      const harness = openOperator(window({ ...base, window: one, allowedLatenessMicros, emit }), [input]);
      let highest = Number.NEGATIVE_INFINITY;
      let partial = 0;
      for (const row of rows) {
        harness.push([row]);
        const time = row.at * 1000;
        highest = Math.max(highest, time);
        const clock = highest - BOUND - 1;
        const all = windowsOf(one, time);
        const taken = all.filter((start) => clock < start + one.sizeMicros - 1 + allowedLatenessMicros);
        if (taken.length > 0 && taken.length < all.length) partial++;
      }
      expect(harness.latePartial).toBe(partial);
    }),
    { numRuns: 100 },
  );
});
