import { t } from "@df/core";
import { expect, test } from "vitest";
import { columnX, FoldedGroups } from "../fold-groups.ts";
import { sum } from "./sum.ts";

const MAX = 2n ** 63n - 1n;

test("the sum of int32 and int is an int64 read as a number, of int64 a bigint, of decimals a decimal of 18 digits", () => {
  expect(sum("x").output(columnX(t.int32()), "s").type).toEqual({ kind: "int64", as: "number" });
  expect(sum("x").output(columnX(t.int()), "s").type).toEqual({ kind: "int64", as: "number" });
  expect(sum("x").output(columnX(t.int64()), "s").type).toEqual({ kind: "int64", as: "bigint" });
  expect(sum("x").output(columnX(t.decimal(6, 2)), "s").type).toEqual({
    kind: "decimal",
    precision: 18,
    scale: 2,
  });
});

test("a sum is nullable exactly if its column is", () => {
  expect(sum("x").output(t.row({ x: t.int() }).schema, "s").nullable).toBe(false);
  expect(sum("x").output(columnX(t.int()), "s").nullable).toBe(true);
});

test("a sum of nulls only is null, and nulls beside values do not count", () => {
  const groups = new FoldedGroups(sum("x"), columnX(t.int()));
  groups.fold([{ value: null }, { value: null, group: 1 }, { value: 4, group: 1 }]);
  expect(groups.results()).toEqual([null, 4, null, null]);
});

test("decimals are added exactly", () => {
  const groups = new FoldedGroups(sum("x"), columnX(t.decimal(6, 2)));
  groups.fold([{ value: "0.10" }, { value: "0.20" }, { value: "-1000.00" }]);
  expect(groups.result()).toBe("-999.70");
});

test("doubles are added exactly and rounded once", () => {
  const groups = new FoldedGroups(sum("x"), columnX(t.float64()));
  groups.fold([{ value: 1e100 }, { value: 0.1 }, { value: 0.2 }, { value: -1e100 }, { value: null }]);
  expect(groups.result()).toBe(0.30000000000000004);
});

test("an int64 sum may leave the range on its way, if it comes back", () => {
  const groups = new FoldedGroups(sum("x"), columnX(t.int64()));
  groups.fold([{ value: MAX }, { value: MAX }, { value: -MAX }, { value: -1n }]);
  expect(groups.result()).toBe(MAX - 1n);
});

test("a sum that its type cannot hold is refused with its value, and the row's state stays as it is", () => {
  const groups = new FoldedGroups(sum("x"), columnX(t.int64()));
  groups.fold([{ value: MAX }, { value: 1n }]);
  expect(() => groups.result()).toThrow(/9223372036854775808.*\[DF_OVERFLOW\]/s);
  groups.fold([{ value: 1n, diff: -1 }]);
  expect(groups.result()).toBe(MAX);
  const ints = new FoldedGroups(sum("x"), columnX(t.int()));
  ints.fold([{ value: Number.MAX_SAFE_INTEGER }, { value: 1 }]);
  expect(() => ints.result()).toThrow("DF_OVERFLOW");
  const decimals = new FoldedGroups(sum("x"), columnX(t.decimal(18, 0)));
  decimals.fold([{ value: "999999999999999999" }, { value: "1" }]);
  expect(() => decimals.result()).toThrow("DF_OVERFLOW");
});

test("a sum of text is refused with the column's name", () => {
  expect(() => sum("x").output(columnX(t.string()), "s")).toThrow(/sum\("x"\).*\[DF_AGGREGATE_TYPE\]/);
});
