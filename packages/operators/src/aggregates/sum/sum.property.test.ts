import { DataflowError, t } from "@df/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { avg } from "../avg/avg.ts";
import { columnX, FoldedGroups } from "../fold-groups.ts";
import { sum } from "./sum.ts";

const whole = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }),
  fc.bigInt({ min: -10n, max: 10n }),
);
const given = fc.record({
  value: fc.option(whole),
  group: fc.nat(1),
  diff: fc.constantFrom(1, 1, -1, 3),
});
const Whole = columnX(t.int64());

test("sums and means of int64 equal those of big integers, in any order and in parts", () => {
  fc.assert(
    fc.property(fc.array(fc.array(given, { maxLength: 30 }), { maxLength: 4 }), (batches) => {
      const sums = new FoldedGroups(sum("x"), Whole);
      const means = new FoldedGroups(avg("x"), Whole);
      for (const batch of batches) {
        sums.fold(batch);
        means.fold(batch);
      }
      sums.merge(0, 1);
      means.merge(0, 1);
      const all = batches.flat().filter(({ value }) => value !== null);
      const total = all.reduce((to, { value, diff }) => to + (value ?? 0n) * BigInt(diff), 0n);
      const values = all.reduce((to, { diff }) => to + diff, 0);
      fc.pre(values > 0);
      expect(means.result()).toBe(divided(total, BigInt(values)));
      expect(resultOrCode(sums)).toBe(BigInt.asIntN(64, total) === total ? total : "DF_OVERFLOW");
    }),
    { numRuns: 300 },
  );
});

function resultOrCode(sums: FoldedGroups): unknown {
  try {
    return sums.result();
  } catch (thrown) {
    return thrown instanceof DataflowError ? thrown.code : thrown;
  }
}

/** total / values to the nearest double, by long division in decimal: exact to far more digits than decide. */
function divided(total: bigint, values: bigint): number {
  const digits = 40n;
  const scaled = ((total < 0n ? -total : total) * 10n ** digits) / values;
  const text = scaled.toString().padStart(Number(digits) + 1, "0");
  const rest = (total < 0n ? -total : total) * 10n ** digits - scaled * values;
  const number = Number(
    `${text.slice(0, -Number(digits))}.${text.slice(-Number(digits))}${rest === 0n ? "" : "1"}`,
  );
  return total < 0n ? -number : number;
}
