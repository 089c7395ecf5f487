import fc from "fast-check";
import { expect, test } from "vitest";
import { FRESH_ARRAYS } from "./arrays.ts";
import { aboveBytes, aboveFlag, flaggedBytes, planDoubles, readAbove, writeAbove } from "./frame-numbers.ts";

/** Numbers near to some base, so that all widths come up, and the ones that only a double can hold. */
const numbers = fc
  .record({
    base: fc.constantFrom(0, -5, 1.7e15, -(2 ** 53), 2 ** 53 - 10),
    span: fc.constantFrom(0, 9, 2 ** 8 - 1, 2 ** 8, 2 ** 16 - 1, 2 ** 16, 2 ** 32 - 1, 2 ** 32),
    odd: fc.option(fc.constantFrom(-0, 0.5, Number.NaN, Infinity, -Infinity, 1e300), { freq: 5, nil: 0 }),
  })
  .chain(({ base, span, odd }) =>
    fc.array(
      fc.oneof(
        { weight: 20, arbitrary: fc.constantFrom(base, base + span, base + Math.floor(span / 2)) },
        fc.constant(odd),
      ),
      { minLength: 1, maxLength: 20 },
    ),
  );

test("numbers above a base come back as they were, bit by bit, and take fewer bytes", () => {
  let narrow = 0;
  fc.assert(
    fc.property(fc.array(numbers, { minLength: 1, maxLength: 3 }), (arrays) => {
      const parts = arrays.map((array) => ({
        of: Float64Array.of(Number.NaN, ...array, Number.NaN),
        start: 1,
        end: array.length + 1,
      }));
      const all = Float64Array.from(arrays.flat());
      const above = planDoubles(parts, all.length);
      expect(flaggedBytes(aboveFlag(above))).toBe(above?.bytes);
      if (above === undefined) return;
      narrow++;
      expect(aboveBytes(all.length, above)).toBeLessThan(all.length * 8);
      const buffer = new ArrayBuffer(aboveBytes(all.length, above) + 8);
      writeAbove(parts, above, buffer, 8);
      const read = readAbove(buffer, 8, all.length, { above, arrays: FRESH_ARRAYS });
      expect(new BigInt64Array(read.buffer)).toStrictEqual(new BigInt64Array(all.buffer));
    }),
  );
  expect(narrow).toBeGreaterThan(10);
});
