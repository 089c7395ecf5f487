import { expect, test } from "vitest";
import { budgetBytes, checkedBudget } from "./budget-size.ts";

const MEMORY = 8 * 1024 ** 3;

test.each<[unknown, number | undefined]>([
  [1048576, 1048576],
  ["1048576", 1048576],
  ["2048KiB", 2097152],
  ["512MiB", 536870912],
  ["2 GiB", 2147483648],
  ["25%", 2147483648],
  ["100%", MEMORY],
  [1048575, undefined],
  ["0%", undefined],
  ["101%", undefined],
  ["512MB", undefined],
  ["-1GiB", undefined],
  ["", undefined],
  [Number.NaN, undefined],
  [Number.POSITIVE_INFINITY, undefined],
  [null, undefined],
])("%j of 8 GiB is %s bytes", (size, bytes) => {
  expect(budgetBytes(size, MEMORY)).toBe(bytes);
});

test("what is no size is refused with what it may be", () => {
  expect(() => checkedBudget("lots", MEMORY)).toThrow(
    'stateBudget is "lots"; it must be 1 MiB or more, as bytes, "512MiB" or "2GiB", or a part of the memory, as "20%". [DF_OPTION]',
  );
});
