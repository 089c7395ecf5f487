import fc from "fast-check";
import { describe, test } from "vitest";
import { t } from "@df/core";
import { checkOperator, logArbitrary, type TestInput } from "@df/testing";
import { union } from "./union.ts";

const Left = t.row({ id: t.string(), only: t.bool(), n: t.int64(), at: t.timestamp() });
const Right = t.row({ at: t.timestamp(), n: t.int64().nullable(), id: t.string(), other: t.float64() });
const left = fc.record({
  id: fc.constantFrom("a", "b"),
  only: fc.boolean(),
  n: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  at: fc.integer({ min: 0, max: 50 }),
});
const right = fc.record({
  at: fc.integer({ min: 20, max: 90 }),
  n: fc.option(fc.bigInt({ min: -3n, max: 3n })),
  id: fc.constantFrom("a", "c"),
  other: fc.double(),
});

describe("union holds the rows of both streams, with the columns that both have", () => {
  test.for(["append", "retract"] as const)("%s", (change) => {
    const key = change === "retract" ? ["id"] : [];
    const diff = change === "retract" ? fc.constantFrom(1, -1, 3) : fc.constant(1);
    const inputs: TestInput[] = [
      { schema: Left.schema, time: "at", boundMicros: 3_000, change, key },
      { schema: Right.schema, time: "at", boundMicros: 9_000, change, key },
    ];
    const options = { diff, rowsMax: 14, splits: 2 };
    checkOperator({
      operator: union(),
      inputs,
      logs: fc.tuple(logArbitrary(left, options), logArbitrary(right, options)),
      anyOrder: true,
      oracle: (input) => {
        const rows = input.inputs.flat();
        return {
          ports: [
            rows.map(({ row: { id, n, at }, diff: times, time }) => ({
              row: { id, n, at },
              diff: times,
              time,
            })),
          ],
          counts: { passed: rows.length },
        };
      },
    });
  });
});
