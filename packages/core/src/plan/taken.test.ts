import { expect, test } from "vitest";
import { groups, ints, namesOf, operator, planOf, reads, sink, source, type Does } from "./plan-fixtures.ts";
import type { OperatorNode } from "./plan.ts";
import { prune } from "./prune.ts";
import { inputsTaken } from "./taken.ts";

/** The columns that a step takes behind a filter that reads "c", of a plan without those that nobody reads. */
function taken(does: Does, late: boolean): string[] {
  const s = source("s", ints("a", "b", "at", "c", "d"));
  const filter = operator("filter", reads("c"), [s]);
  const step = operator("step", does, [filter]);
  const sinks = late ? [sink("out", step), sink("late", step, 1)] : [sink("out", step)];
  const plan = prune(planOf(s, filter, step, ...sinks));
  const node = plan.nodes.find(({ id }) => id === "step") as OperatorNode;
  return inputsTaken(plan)(node).flatMap(({ schema }) => namesOf(schema));
}

test("columns that only steps before it have read do not come to a step that keeps state", () => {
  expect(taken({ ...groups(["a"], ["b"]), refuses: false }, false)).toEqual(["a", "b"]);
});

test("what is read of a second output comes to it", () => {
  expect(taken({ ...groups(["a"], ["b"]), refuses: false }, true)).toEqual(["a", "b", "at", "c", "d"]);
});

test("a step that may refuse rows, and one that hands them on as they are, take all columns", () => {
  expect(taken(groups(["a"], ["b"]), false)).toEqual(["a", "b", "at", "c"]);
  expect(taken({ ...reads("a"), refuses: false }, false)).toEqual(["a", "b", "at", "c", "d"]);
});
