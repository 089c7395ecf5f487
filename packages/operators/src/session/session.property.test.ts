import { checkOperator, logArbitrary } from "@df/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { aggregates, click, input, oracleOf } from "./naive.testing.ts";
import type { SessionOptions } from "./options.ts";
import { session } from "./session.ts";

const base: SessionOptions = {
  by: ["user", "site"],
  gapMicros: 4000,
  aggregates,
  allowedLatenessMicros: 0,
  emit: "final",
};

/** Mostly in order, so that sessions end while rows still come, and some rows are between two sessions. */
const ordered = logArbitrary(click, { order: ({ at, site }) => (at as number) + 9 * (site as number) });

/** Runs the operator in every way there is; what it throws names the way that failed. */
function check(options: SessionOptions, runs = 3): void {
  for (const log of [logArbitrary(click), ordered]) {
    checkOperator({
      operator: session(options),
      inputs: [input],
      logs: fc.noBias(fc.tuple(log)),
      oracle: oracleOf(options),
      runs,
    });
  }
}

test("a final session is given once, whatever the batches, shards and crashes", () => {
  expect(() => check(base)).not.toThrow();
  expect(() => check({ ...base, by: ["user"], gapMicros: 1000 })).not.toThrow();
});

test("sessions without group columns are those of all rows", () => {
  expect(() => check({ ...base, by: [] })).not.toThrow();
});

test("sessions with allowed lateness end as if all rows had come in order", () => {
  expect(() => check({ ...base, allowedLatenessMicros: 12_000 })).not.toThrow();
  expect(() => check({ ...base, by: [], gapMicros: 2000, allowedLatenessMicros: 60_000 })).not.toThrow();
});

test("sessions that emit on update end as if all rows had come in order, open ones too", () => {
  expect(() => check({ ...base, emit: "onUpdate" })).not.toThrow();
  expect(() =>
    check({ ...base, by: ["site"], emit: "onUpdate", allowedLatenessMicros: 12_000 }),
  ).not.toThrow();
});

test("rows that an operator made are never late, and make the same sessions", () => {
  for (const emit of ["final", "onUpdate"] as const) {
    for (const allowedLatenessMicros of [0, 12_000]) {
      const options = { ...base, by: ["site"], emit, allowedLatenessMicros };
      const check = (): void =>
        checkOperator({
          operator: session(options),
          inputs: [{ schema: input.schema, time: "at", made: true }],
          logs: fc.noBias(fc.tuple(ordered)),
          oracle: oracleOf(options),
          runs: 2,
        });
      expect(check).not.toThrow();
    }
  }
});
