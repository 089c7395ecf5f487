import { expect, test } from "vitest";
import type { StepPart } from "@df/core";
import { groupsGoOn, keysGoOn } from "./goes-on.ts";

const COUNT = { name: "n", aggregate: "count", column: null, options: {}, where: ["a"] };
const SUM = { name: "s", aggregate: "sum", column: "b", options: {} };
const MIN = { name: "m", aggregate: "min", column: "b", options: {} };

function step(
  options: object = {},
  columns: readonly string[] = ["k string", "a int32", "b int32"],
): StepPart {
  const inputs = [{ columns, change: "append", key: [], timed: true, exchange: ["k"] }];
  const all = { by: ["k"], aggregates: [COUNT, SUM], allowedLatenessMicros: 5, ...options };
  return { verb: "window", version: 1, options: all, inputs };
}

const KEEP = { verdict: "keep" };
const widened = (...columns: string[]): StepPart => step({}, ["k string", "a int32", ...columns]);

test.each<[string, StepPart, unknown]>([
  ["the same", step(), KEEP],
  ["less lateness", step({ allowedLatenessMicros: 0 }), KEEP],
  [
    "a condition that reads other columns",
    step({ aggregates: [{ ...COUNT, where: ["a", "b"] }, SUM] }),
    KEEP,
  ],
  ["columns that it does not keep", step({}, ["z string", "b int32", "k string"]), KEEP],
  ["a sum of wider integers", widened("b int64"), KEEP],
  ["a sum that may meet nulls", widened("b int32?"), KEEP],
  ["a sum of wider integers that may be null", widened("b int64?"), KEEP],
  ["an aggregate less", step({ aggregates: [SUM] }), { verdict: "migrate" }],
  ["aggregates in another order", step({ aggregates: [SUM, COUNT] }), { verdict: "migrate" }],
  [
    "an aggregate more",
    step({ aggregates: [COUNT, SUM, MIN] }),
    { verdict: "refuse", why: expect.any(String) },
  ],
  ["more lateness", step({ allowedLatenessMicros: 6 }), { verdict: "refuse", why: expect.any(String) }],
  ["another aggregate of one name", step({ aggregates: [COUNT, { ...MIN, name: "s" }] }), undefined],
  ["another column of one name", step({ aggregates: [COUNT, { ...SUM, column: "a" }] }), undefined],
  ["a condition that was none", step({ aggregates: [COUNT, { ...SUM, where: ["a"] }] }), undefined],
  ["another option", step({ emit: "final" }), undefined],
  ["another group", step({ by: ["a"] }), undefined],
  ["a group of another type", step({}, ["k int64", "a int32", "b int32"]), undefined],
  ["a group that may be null", step({}, ["k string?", "a int32", "b int32"]), undefined],
  ["a sum of doubles", widened("b float64"), undefined],
  ["a sum that lacks its column", widened(), undefined],
  [
    "rows that are taken back",
    { ...step(), inputs: step().inputs.map((rows) => ({ ...rows, change: "retract" })) },
    undefined,
  ],
])("groups with %s", (_what, now, answer) => {
  expect(groupsGoOn(step(), now)).toEqual(answer);
});

test("groups whose sums become narrower, or may no longer meet nulls, do not go on", () => {
  expect(groupsGoOn(widened("b int64"), widened("b int32"))).toBeUndefined();
  expect(groupsGoOn(widened("b int32?"), widened("b int32"))).toBeUndefined();
});

test("a minimum goes on with the type that it has only", () => {
  const min = { aggregates: [MIN] };
  const wide = step(min, ["k string", "a int32", "b int64"]);
  expect(groupsGoOn(step(min), wide)).toBeUndefined();
});

test("keys go on whatever other columns come in, and with nothing else changed", () => {
  const [was, more] = [step(), step({}, ["more string", "k string"])];
  expect(keysGoOn(["k"], was, more)).toEqual(KEEP);
  expect(keysGoOn(["k"], was, step({ withinMicros: 5 }))).toBeUndefined();
  expect(keysGoOn(["k"], was, step({}, ["k string?"]))).toBeUndefined();
});
