import { t } from "@df/core";
import { expect, test } from "vitest";
import { columnX, FoldedGroups } from "../fold-groups.ts";
import { avg } from "./avg.ts";

test("a mean is float64 for every kind of number, and null for no values", () => {
  for (const [type, value] of [
    [t.int32(), 3],
    [t.int(), 3],
    [t.int64(), 3n],
    [t.float64(), 3],
    [t.decimal(4, 2), "3.00"],
  ] as const) {
    const groups = new FoldedGroups(avg("x"), columnX(type));
    groups.fold([{ value }, { value: null }]);
    expect(avg("x").output(columnX(type), "m").type).toEqual({ kind: "float64" });
    expect(groups.results()).toEqual([3, null, null, null]);
  }
});

test("a mean of doubles is their correctly rounded sum divided by their count, and finite where the sum is not", () => {
  const groups = new FoldedGroups(avg("x"), columnX(t.float64()));
  groups.fold([{ value: Number.MAX_VALUE }, { value: Number.MAX_VALUE }]);
  // math.fsum([0.1] * 10) is 1.0, where adding one after the other gives 0.9999999999999999.
  groups.fold(Array.from({ length: 10 }, () => ({ value: 0.1, group: 1 })));
  expect(groups.results()).toEqual([Number.MAX_VALUE, 0.1, null, null]);
});

test("a mean of int64 is right where the sum is beyond 2^53", () => {
  const groups = new FoldedGroups(avg("x"), columnX(t.int64()));
  groups.fold([{ value: 2n ** 62n }, { value: 2n ** 62n }, { value: 2n ** 62n + 3n }]);
  expect(groups.result()).toBe(2 ** 62);
});

test("a mean of text is refused", () => {
  expect(() => avg("x").output(columnX(t.string()), "m")).toThrow("DF_AGGREGATE_TYPE");
});
