/** What the tests of `checkOperator` check: specs and oracles, right ones and the frame of wrong ones. */
import fc from "fast-check";
import { expect } from "vitest";
import { t, type Operator, type OperatorContext, type OperatorSpec } from "@df/core";
import { checkOperator, logArbitrary, type OperatorCase, type OracleInput } from "./check-operator.ts";
import type { TestInput } from "./log.ts";

const Row = t.row({ id: t.string(), n: t.int64().nullable(), at: t.timestamp() });
/** The one input of the tested operators. */
export const INPUT: TestInput = { schema: Row.schema, time: "at", boundMicros: 5_000 };
/** Rows of `INPUT`. */
export const row: fc.Arbitrary<Record<string, unknown>> = fc.record({
  id: fc.constantFrom("a", "b", "c", ""),
  n: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  at: fc.integer({ min: 0, max: 40 }),
});

/** A spec that hands its input on by "id"; `changes` are told on top. */
export function spec(
  open: (context: OperatorContext) => Operator,
  changes: Partial<OperatorSpec> = {},
): OperatorSpec {
  return {
    name: "tested",
    version: 1,
    options: {},
    label: "identical",
    stateful: false,
    exchanges: [{ keyBy: ["id"] }],
    outputs: (inputs) => inputs,
    needs: ([wanted]) => [new Set([...(wanted ?? []), "id"])],
    open,
    ...changes,
  };
}

/** The operator that changes nothing. */
export function pass(context: OperatorContext): Operator {
  return {
    onBatch(batch, _port, out) {
      context.count("passed", batch.length);
      out(batch);
      return "done";
    },
  };
}

/** The oracle of `pass`. */
export function allRows({ inputs }: OracleInput): ReturnType<OperatorCase["oracle"]> {
  return { ports: [inputs[0] ?? []] };
}

/** Runs `checkOperator` on 20 random logs. */
export function check(operator: OperatorSpec, changes: Partial<OperatorCase> = {}): void {
  checkOperator({
    operator,
    inputs: [INPUT],
    logs: logArbitrary(row).map((log) => [log]),
    oracle: allRows,
    runs: 20,
    ...changes,
  });
}

/** A wrong operator is found, in these words. */
export function expectFound(
  operator: OperatorSpec,
  message: RegExp,
  changes: Partial<OperatorCase> = {},
): void {
  expect(() => check(operator, changes)).toThrow(message);
}
