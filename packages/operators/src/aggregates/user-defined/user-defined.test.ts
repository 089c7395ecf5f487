import { t } from "@df/core";
import { expect, test } from "vitest";
import { columnX, FoldedGroups } from "../fold-groups.ts";
import { defineAggregate } from "./user-defined.ts";

/** The least and the greatest value seen, and how many there were. */
const span = defineAggregate({
  value: t.int(),
  state: { low: t.int().nullable(), high: t.int().nullable(), words: t.string() },
  output: t.string(),
  init: () => ({ low: null, high: null, words: "" }),
  add: (state, value) => ({
    low: Math.min(state.low ?? value, value),
    high: Math.max(state.high ?? value, value),
    words: `${state.words}${value};`,
  }),
  result: (state) => `${state.low}..${state.high} of ${state.words}`,
});

const total = defineAggregate({
  value: t.int64(),
  state: { total: t.int64() },
  output: t.int64(),
  init: () => ({ total: 0n }),
  add: (state, value) => ({ total: state.total + value }),
  result: (state) => state.total,
})
  .merge((a, b) => ({ total: a.total + b.total }))
  .retract((state, value) => ({ total: state.total - value }));

test("an aggregate of yours folds values in the order they come, group by group, nulls passed over", () => {
  const groups = new FoldedGroups(span.on("x"), columnX(t.int()));
  groups.fold([{ value: 4 }, { value: 1, group: 1 }, { value: null }]);
  groups.fold([{ value: -2 }, { value: null, group: 2 }]);
  expect(groups.results()).toEqual(["-2..4 of 4;-2;", "1..1 of 1;", null, null]);
});

test("its state keeps exact int64 values, takes rows back and joins parts", () => {
  const groups = new FoldedGroups(total.on("x"), columnX(t.int64()));
  groups.fold([
    { value: 2n ** 60n, diff: 2 },
    { value: 1n },
    { value: 1n, diff: -1 },
    { value: 5n, group: 1 },
  ]);
  groups.merge(0, 1);
  expect(groups.result()).toBe(2n ** 61n + 5n);
});

test("a function that throws leaves the group as it was, and is told with column and value", () => {
  const picky = defineAggregate({
    value: t.int(),
    state: { sum: t.int() },
    output: t.int(),
    init: () => ({ sum: 0 }),
    add: (state, value) => {
      if (value < 0) throw new Error("negative");
      return { sum: state.sum + value };
    },
    result: (state) => state.sum,
  });
  const groups = new FoldedGroups(picky.on("x"), columnX(t.int()));
  groups.fold([{ value: 3 }]);
  expect(() => groups.fold([{ value: -1 }])).toThrow(
    /^add\(\{ sum: 3 \}, -1\) of an aggregate of column "x" threw: negative\. .*\[DF_AGGREGATE_FAILED\]$/,
  );
  groups.fold([{ value: 4 }]);
  expect(groups.result()).toBe(7);
});

test("a state that its columns cannot hold is refused with the column's name", () => {
  const wrong = defineAggregate({
    value: t.int(),
    state: { share: t.int() },
    output: t.int(),
    init: () => ({ share: 0 }),
    add: (_state, value) => ({ share: value / 2 }),
    result: (state) => state.share,
  });
  expect(() => new FoldedGroups(wrong.on("x"), columnX(t.int())).fold([{ value: 3 }])).toThrow(
    /"share".*\[DF_VALUE\]/,
  );
});

test("what an aggregate can do is what it was given", () => {
  expect([span.on("x").mergeable, span.on("x").retractable]).toEqual([false, false]);
  expect([total.on("x").mergeable, total.on("x").retractable]).toEqual([true, true]);
  expect(() => new FoldedGroups(span.on("x"), columnX(t.int())).fold([{ value: 1, diff: -1 }])).toThrow(
    "DF_NO_RETRACT",
  );
});

test("a column of another type than the value's is refused", () => {
  expect(() => total.on("x").output(columnX(t.string()), "s")).toThrow(
    /int64.*string.*\[DF_AGGREGATE_TYPE\]/,
  );
});
