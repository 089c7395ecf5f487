import { expect, test } from "vitest";
import { exchangeToSink } from "./partition.ts";
import { groups, ints, operator, reads, shapeOf, source } from "./plan-fixtures.ts";
import type { OperatorNode, PlanNode } from "./plan.ts";
import type { Shape } from "../stream.ts";

const s = source("s", ints("a", "b", "c"));
const group = operator("group", groups(["a", "b"], ["c"]), [s]);
const exchangeBehind = (nodes: readonly PlanNode[], node: OperatorNode, shape?: Partial<Shape>) =>
  exchangeToSink(nodes, { node: node.id, port: 0 }, { ...(node.outputs[0] as Shape), ...shape });

test("Events go to a sink where they are", () => {
  expect(exchangeToSink([s], { node: "s", port: 0 }, shapeOf(ints("a")))).toBe("forward");
});

test("Updates go to a sink where they are, if their key holds the columns they were spread by", () => {
  expect(exchangeBehind([s, group], group)).toBe("forward");
  expect(exchangeBehind([s, group], group, { key: ["b", "x", "a"] })).toBe("forward");
});

test("Updates of another key than they were spread by are spread by it", () => {
  expect(exchangeBehind([s, group], group, { key: ["a"] })).toEqual({ keyBy: ["a"] });
});

test("Steps that keep the key keep rows where they are", () => {
  const filter = operator("filter", reads(), [group]);
  const tap = operator("tap", reads(), [filter]);
  expect(exchangeBehind([s, group, filter, tap], tap)).toBe("forward");
});

test("Steps that make updates of events tell nothing about where they are", () => {
  const made = operator(
    "made",
    {
      outputs: ([input]) => [{ ...(input as Shape), change: "upsert", key: ["a"] }],
      needs: () => [new Set()],
    },
    [s],
  );
  expect(exchangeBehind([s, made], made)).toEqual({ keyBy: ["a"] });
});

test("Steps that change what rows mean, or keep state, tell nothing about where they are", () => {
  const rekeyed = operator(
    "rekeyed",
    { outputs: ([input]) => [{ ...(input as Shape), key: ["a", "b", "c"] }], needs: () => [new Set()] },
    [group],
  );
  expect(exchangeBehind([s, group, rekeyed], rekeyed)).toEqual({ keyBy: ["a", "b", "c"] });
  const changed = operator(
    "changed",
    { outputs: ([input]) => [{ ...(input as Shape), change: "retract" }], needs: () => [new Set()] },
    [group],
  );
  expect(exchangeBehind([s, group, changed], changed)).toEqual({ keyBy: ["a", "b"] });
  const stateful = operator("stateful", { ...reads(), stateful: true }, [group]);
  expect(exchangeBehind([s, group, stateful], stateful)).toEqual({ keyBy: ["a", "b"] });
});

test("One shard is where all keys meet", () => {
  const single = operator("single", groups([], ["c"]), [s]);
  expect(exchangeBehind([s, single], single, { key: ["c"] })).toBe("forward");
});

test("Two streams united are together only if they were spread alike", () => {
  const other = operator("other", { ...groups(["a", "b"], ["c"]), exchanges: [{ keyBy: ["b", "a"] }] }, [s]);
  const alike = operator("alike", groups(["a", "b"], ["c"]), [s]);
  const both = { ...reads(), exchanges: ["forward", "forward"] as const };
  const same = operator("same", both, [group, alike]);
  expect(exchangeBehind([s, group, alike, same], same)).toBe("forward");
  const differ = operator("differ", both, [group, other]);
  expect(exchangeBehind([s, group, other, differ], differ)).toEqual({ keyBy: ["a", "b"] });
});

test("Changes without a key meet by all their columns", () => {
  const shape = shapeOf(ints("a", "b"), "retract");
  expect(exchangeToSink([s], { node: "s", port: 0 }, shape)).toEqual({ keyBy: ["a", "b"] });
});
