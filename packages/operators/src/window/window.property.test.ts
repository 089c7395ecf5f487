import { checkOperator, logArbitrary } from "@df/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { aggregates, changing, input, oracleOf, reading, retractable } from "./naive.testing.ts";
import type { WindowOptions } from "./options.ts";
import { window } from "./window.ts";

const base = {
  by: ["place", "shelf"],
  window: { kind: "tumbling", sizeMicros: 10_000, offsetMicros: 3000 },
  aggregates,
  allowedLatenessMicros: 0,
  emit: "final",
} satisfies WindowOptions;

/** Runs the operator in every way there is; what it throws names the way that failed. */
function check(options: WindowOptions): void {
  checkOperator({
    operator: window(options),
    inputs: [input],
    logs: fc.tuple(logArbitrary(reading)),
    oracle: oracleOf(options),
    runs: 10,
  });
}

test("a final window gives each group once, whatever the batches, shards and crashes", () => {
  expect(() => check(base)).not.toThrow();
});

test("a window without group columns gives one row for all", () => {
  expect(() => check({ ...base, by: [] })).not.toThrow();
});

test("a window with allowed lateness ends with the corrected results", () => {
  expect(() => check({ ...base, allowedLatenessMicros: 12_000 })).not.toThrow();
});

test("a window that emits on update ends with the same results, and shows open windows", () => {
  expect(() => check({ ...base, emit: "onUpdate" })).not.toThrow();
  expect(() => check({ ...base, emit: "onUpdate", allowedLatenessMicros: 5000 })).not.toThrow();
});

function checkChanging(options: WindowOptions): void {
  checkOperator({
    operator: window(options),
    inputs: [{ ...input, change: "retract", key: [] }],
    logs: changing,
    oracle: oracleOf(options),
    runs: 6,
  });
}

test("rows that are taken back leave no trace, and a group without rows is deleted", () => {
  for (const allowedLatenessMicros of [0, 12_000]) {
    for (const emit of ["final", "onUpdate"] as const) {
      const options = { ...base, aggregates: retractable, allowedLatenessMicros, emit };
      expect(() => checkChanging(options)).not.toThrow();
    }
  }
});
