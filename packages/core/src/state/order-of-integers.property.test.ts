import fc from "fast-check";
import { expect, it } from "vitest";
import { orderOfIntegers } from "./order-of-integers.ts";

const positionsOf = (values: readonly number[]): number[] =>
  [...values.keys()].toSorted((a, b) => (values[a] as number) - (values[b] as number));

it("integers that are near each other are sorted as by comparing them", () => {
  const near = fc
    .tuple(
      fc.maxSafeInteger(),
      // Up to one, two, three and four bytes apart, and further.
      fc.constantFrom(9, 255, 256, 65_536, 2 ** 24, 2 ** 32 - 1, 2 ** 32, 2 ** 40).chain((max) =>
        fc.uniqueArray(
          fc.maxSafeNat().map((n) => n % (max + 1)),
          { minLength: 1, maxLength: 300 },
        ),
      ),
    )
    .map(([base, offsets]) => offsets.map((offset) => base - (Math.sign(base) || 1) * offset));
  fc.assert(
    fc.property(near, (values) => {
      expect([...(orderOfIntegers(Float64Array.from(values)) ?? [])]).toEqual(positionsOf(values));
    }),
  );
});

it("other numbers are sorted right or not at all", () => {
  const number = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double(), fc.constantFrom(2 ** 53, 0.5));
  fc.assert(
    fc.property(fc.uniqueArray(number, { minLength: 1, maxLength: 6 }), (values) => {
      const order = orderOfIntegers(Float64Array.from(values));
      expect([...(order ?? positionsOf(values))]).toEqual(positionsOf(values));
    }),
    { numRuns: 300 },
  );
  expect(orderOfIntegers(Float64Array.of(0, 2 ** 53 - 1))).toBeUndefined();
  expect(orderOfIntegers(Float64Array.of(0, 0.5))).toBeUndefined();
});
