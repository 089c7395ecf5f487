import { t } from "@df/core";
import { expect, test } from "vitest";
import { columnX, FoldedGroups } from "../fold-groups.ts";
import { count } from "./count.ts";

const Any = columnX(t.int());

test("count counts rows of each group, also those with nulls", () => {
  const groups = new FoldedGroups(count(), Any);
  groups.fold([{ value: 1 }, { value: null, group: 1 }, { value: 2 }]);
  expect(groups.results()).toEqual([2, 1, 0, 0]);
});

test("count takes rows back and joins groups", () => {
  const groups = new FoldedGroups(count(), Any);
  groups.fold([
    { value: 1, diff: 3 },
    { value: 1, diff: -1 },
    { value: 5, group: 1, diff: 4 },
  ]);
  groups.merge(0, 1);
  expect(groups.results()).toEqual([6, 4, 0, 0]);
});

test("a count is never null", () => {
  expect(count().output(Any, "n")).toEqual({
    name: "n",
    type: { kind: "int64", as: "number" },
    nullable: false,
    optional: false,
  });
});
