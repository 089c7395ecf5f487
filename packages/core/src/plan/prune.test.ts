import { expect, test } from "vitest";
import { groups, ints, namesOf, operator, planOf, reads, sink, source } from "./plan-fixtures.ts";
import type { Shape } from "../stream.ts";
import type { Plan } from "./plan.ts";
import { prune } from "./prune.ts";

const columns = (plan: Plan, id: string, port = 0): string[] => {
  const node = plan.nodes.find((each) => each.id === id);
  if (node === undefined) throw new Error(`no ${id}`);
  if (node.kind === "sink") return namesOf(node.shape.schema);
  return namesOf(node.outputs[port]?.schema ?? { fields: [] });
};

test("Columns that nobody reads leave the source, in the order of the rest", () => {
  const s = source("s", ints("a", "b", "at", "c", "d"));
  const filter = operator("filter", reads("c"), [s]);
  const group = operator("group", groups(["a"], ["b"]), [filter]);
  const pruned = prune(planOf(s, filter, group, sink("out", group)));
  expect(columns(pruned, "s")).toEqual(["a", "b", "at", "c"]);
  expect(columns(pruned, "filter")).toEqual(["a", "b", "at", "c"]);
  expect(columns(pruned, "out")).toEqual(["a", "b"]);
});

test("A sink keeps every column of its input", () => {
  const s = source("s", ints("a", "b", "c"));
  const pruned = prune(planOf(s, sink("out", s)));
  expect(columns(pruned, "s")).toEqual(["a", "b", "c"]);
});

test("A stream of late rows that is read keeps every column", () => {
  const s = source("s", ints("a", "b", "c"));
  const group = operator("group", groups(["a"], ["b"]), [s]);
  const pruned = prune(planOf(s, group, sink("late", group, 1)));
  expect(columns(pruned, "s")).toEqual(["a", "b", "c"]);
  expect(columns(pruned, "late")).toEqual(["a", "b", "c"]);
});

test("What two branches read of one source is read once", () => {
  const s = source("s", ints("a", "b", "c", "d"));
  const one = operator("one", groups(["a"], []), [s]);
  const two = operator("two", groups(["c"], []), [s]);
  const pruned = prune(planOf(s, one, two, sink("x", one), sink("y", two)));
  expect(columns(pruned, "s")).toEqual(["a", "c"]);
});

test("Event time, keys and the columns that rows are spread by are read in any case", () => {
  const s = source("s", ints("k", "at", "x", "y"));
  const keyed = operator("keyed", groups(["k"], ["x"]), [s]);
  const nothing = operator("nothing", { ...reads(), needs: () => [new Set()] }, [keyed]);
  const spread = operator("spread", { ...reads(), exchanges: [{ keyBy: ["y"] }], needs: () => [new Set()] }, [
    s,
  ]);
  const pruned = prune(planOf(s, keyed, nothing, spread));
  expect(columns(pruned, "s")).toEqual(["k", "at", "x", "y"]);
  expect(columns(pruned, "nothing")).toEqual(["k", "x"]);
});

test("The key of updates is kept, whether or not their maker asks for it", () => {
  const s = source("s", ints("k", "x", "y"));
  const updates = operator(
    "updates",
    {
      outputs: ([input]) => [{ ...(input as Shape), change: "upsert", key: ["k"] }],
      needs: ([wanted]) => [wanted ?? new Set()],
    },
    [s],
  );
  const pruned = prune(planOf(s, updates, operator("end", reads("y"), [updates])));
  expect(columns(pruned, "end")).toEqual(["k", "y"]);
});

test("A source that is to check all columns decodes all of them, also those that nobody reads", () => {
  const s = { ...source("s", ints("a", "b", "at", "c")), validate: "all" as const };
  const group = operator("group", groups(["a"], ["b"]), [s]);
  expect(columns(prune(planOf(s, group, sink("out", group))), "s")).toEqual(["a", "b", "at", "c"]);
});

test("A source of which nothing is read keeps one column", () => {
  const s = source("s", ints("a", "b"));
  expect(columns(prune(planOf(s)), "s")).toEqual(["a"]);
});

test("Pruning again changes nothing, and the given plan stays as it is", () => {
  const s = source("s", ints("a", "b", "c"));
  const group = operator("group", groups(["a"], ["b"]), [s]);
  const plan = planOf(s, group, sink("out", group), sink("quarantine"));
  const pruned = prune(plan);
  expect(prune(pruned)).toEqual(pruned);
  expect(columns(plan, "s")).toEqual(["a", "b", "c"]);
  expect(columns(pruned, "quarantine")).toEqual(["raw"]);
});

test("What a caller keeps beside the plan is kept", () => {
  const s = source("s", ints("a"));
  expect(prune({ ...planOf(s), lambdas: { x: "y" } }).lambdas).toEqual({ x: "y" });
});
