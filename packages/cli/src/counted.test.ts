import fc from "fast-check";
import { expect, test } from "vitest";
import { count } from "./counted.ts";

test("a number is written as English has it", () => {
  const few = fc.integer({ min: -100_000, max: 100_000 });
  fc.assert(
    fc.property(fc.oneof(few, fc.maxSafeInteger()), (value) => {
      expect(count(value)).toBe(value.toLocaleString("en-US"));
    }),
  );
});
