import { expect, test } from "vitest";
import { guaranteeOf, isByArrival, labels, liveSources, requireLabel } from "./labels.ts";
import { ints, operator, planOf, reads, sink, source } from "./plan-fixtures.ts";
import type { OperatorNode, PlanNode, SinkNode, SourceNode } from "./plan.ts";

const stored = source("stored", ints("n"));
const rows = source("rows", ints("n"));
const live: SourceNode = { ...rows, spec: { ...rows.spec, history: "none" } };

test("a source that is read once has the weakest label, and can be refused", () => {
  const plan = planOf(stored, live);
  expect(labels(plan)).toEqual({ label: "arrival", nodes: ["rows"] });
  expect(liveSources(plan)).toEqual(["rows"]);
  expect(() => requireLabel({ ...plan, require: "convergent" })).toThrow(
    /promise less: "rows" \(its rows are read once\)\. Put an inbox around .*\[DF_LABEL\]/,
  );
  expect(() => requireLabel({ ...plan, require: "arrival" })).not.toThrow();
});

test("a sink behind a source that is read once is not called exactly once, nor at least once, nor comparable", () => {
  const both = operator("both", reads(), [stored, live]);
  const plain = sink("plain", stored);
  const fed = sink("fed", both);
  const refused = sink("refused");
  const loose: SinkNode = { ...fed, id: "loose", spec: { ...fed.spec, guarantee: "at least once" } };
  const plan = planOf(stored, { ...live, invalid: "refused" }, both, plain, fed, loose, refused);
  expect([plain, fed, loose, refused].map((node) => guaranteeOf(plan, node))).toEqual([
    "exactly once",
    "at most once",
    "best effort",
    "at most once",
  ]);
  expect([plain, fed, refused].map(({ id }) => isByArrival(plan, id))).toEqual([false, true, true]);
});

test("streams that part and meet again, sixty times, are looked at in no time", () => {
  const nodes: PlanNode[] = [live];
  for (let i = 0; i < 60; i++) {
    const last = nodes.at(-1) as SourceNode | OperatorNode;
    nodes.push(operator(`met-${i}`, reads(), [last, last]));
  }
  const out = sink("out", nodes.at(-1) as OperatorNode);
  const plan = planOf(...nodes, out);
  expect(guaranteeOf(plan, out)).toBe("at most once");
  expect(isByArrival(plan, "out")).toBe(true);
  expect(isByArrival({ ...plan, nodes: plan.nodes.with(0, rows) }, "out")).toBe(false);
});

test("the sink of all refused rows is as weak as the weakest source", () => {
  const refused = sink("refused");
  expect(guaranteeOf({ ...planOf(stored, refused), rejected: "refused" }, refused)).toBe("exactly once");
  expect(guaranteeOf({ ...planOf(live, refused), rejected: "refused" }, refused)).toBe("at most once");
});
