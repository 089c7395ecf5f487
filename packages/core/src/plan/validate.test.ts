import { describe, expect, test, vi } from "vitest";
import { secret } from "../secret/secret.ts";
import { isByArrival, labels, requireLabel } from "./labels.ts";
import { groups, ints, operator, planOf, reads, sink, source } from "./plan-fixtures.ts";
import type { Plan, SinkNode } from "./plan.ts";
import { validate } from "./validate.ts";

const s = source("s", ints("a", "b", "at"));
const group = operator("eu/group", groups(["a"], ["b"]), [s]);
const plan = planOf(s, group, sink("out", group), sink("late", group, 1));

/** A sink that says what it writes to. */
const writing = (node: SinkNode, target: string): SinkNode => ({ ...node, spec: { ...node.spec, target } });

test("A plan that hangs together is taken", () => {
  expect(() => validate(plan)).not.toThrow();
});

describe("a plan that would have the state keep the value of a secret is refused", () => {
  const options = (value: string): SinkNode => {
    const node = sink("out", group);
    return { ...node, spec: { ...node.spec, options: { list: [{ path: `./${value}/x` }] } } };
  };
  test.each<[string, (value: string) => Plan, string]>([
    ["in an id", (value) => planOf({ ...s, id: value }), 'columns of "secret(env:KEPT)" hold'],
    ["in options", (value) => planOf(s, group, options(value)), 'columns of "out" hold'],
    ["in a column", (value) => planOf(source("s", ints(value))), 'columns of "s" hold'],
    ["in a parameter", (value) => ({ ...plan, params: { note: value } }), "The parameters hold"],
  ])("%s", (_where, planWith, says) => {
    vi.stubEnv("KEPT", 'kept\\ "value"');
    const value = secret("env:KEPT").reveal();
    expect(() => validate(planWith(value))).toThrow(says);
    expect(() => validate(planWith(value))).toThrow(/the value of secret\(env:KEPT\).*\[DF_SECRET_KEPT\]/);
    expect(() => validate(planWith("another"))).not.toThrow();
    vi.unstubAllEnvs();
  });
});

describe("a plan is refused", () => {
  test.each<[string, Plan, string[]]>([
    ["with an id twice", planOf(s, s), ["DF_DUPLICATE_ID", '"s"']],
    ["with an id that is none", planOf({ ...s, id: "a//b" }), ["DF_ID", '"a//b"']],
    ["with a node before its input", planOf(group, s), ["DF_EDGE", '"eu/group"', '"s"']],
    ["with an edge to nothing", planOf(sink("out", s)), ["DF_EDGE", '"out"']],
    [
      "with an edge to a sink",
      planOf(s, sink("x", s), { ...sink("y", s), input: { node: "x", port: 0 } }),
      ["DF_EDGE", "0 outputs"],
    ],
    [
      "with a port that is not there",
      planOf(s, { ...sink("y", s), input: { node: "s", port: 1 } }),
      ["DF_EDGE", "output 1"],
    ],
    [
      "with too many inputs",
      planOf(s, { ...group, inputs: [...group.inputs, ...group.inputs] }),
      ["DF_EDGE", "2 inputs"],
    ],
    [
      "with an operator without input",
      planOf({ ...group, inputs: [], spec: { ...group.spec, exchanges: [] } }),
      ["DF_EDGE"],
    ],
    [
      "spread by a column that is not there",
      planOf(s, operator("o", { ...reads(), exchanges: [{ keyBy: ["z"] }] }, [s])),
      ["DF_NO_COLUMN", '"z"'],
    ],
    ["spread by nothing", planOf(s, { ...sink("o", s), exchange: { keyBy: [] } }), ["DF_EXCHANGE"]],
    [
      "with event time that is no column",
      planOf({ ...s, time: { column: "z", maxOutOfOrderness: 0 } }),
      ["DF_NO_COLUMN", '"z"'],
    ],
    ["with a quarantine that is not there", planOf({ ...s, invalid: "q" }), ["DF_QUARANTINE", '"q"']],
    [
      "with two sinks for one target",
      planOf(s, writing(sink("one", s), "T"), writing(sink("two", s), "T")),
      ["DF_SINK_TARGET", '"one"', '"two"'],
    ],
    [
      "with a quarantine that has an input",
      { ...planOf(s, sink("q", s)), rejected: "q" },
      ["DF_QUARANTINE", '"p"'],
    ],
  ])("%s", (_name, wrong, words) => {
    for (const word of words) expect(() => validate(wrong)).toThrow(word);
  });
});

describe("labels", () => {
  const labelled = (label: "arrival" | "convergent" | "identical", id: string) =>
    operator(id, { ...reads(), label }, [s]);

  test("The weakest label is the plan's, with the nodes that have it", () => {
    expect(labels(plan)).toEqual({ label: "identical", nodes: [] });
    const mixed = planOf(s, labelled("convergent", "c"), labelled("arrival", "a"), labelled("arrival", "b"));
    expect(labels(mixed)).toEqual({ label: "arrival", nodes: ["a", "b"] });
    expect(labels(planOf(s, labelled("convergent", "c")))).toEqual({ label: "convergent", nodes: ["c"] });
  });

  test("Only what lies behind a step decided by arrival is not comparable between two runs", () => {
    const first = labelled("arrival", "any");
    const behind = operator("behind", reads(), [first]);
    const beside = labelled("convergent", "beside");
    const mixed = planOf(s, first, behind, beside, sink("a", behind), sink("b", beside), sink("c"));
    expect(["a", "b", "c"].map((id) => isByArrival(mixed, id))).toEqual([true, false, false]);
  });

  test("A plan that requires more than a node promises is refused, naming the node and its label", () => {
    const weak = planOf(s, labelled("convergent", "c"), labelled("arrival", "a"));
    expect(() => requireLabel({ ...weak, require: "identical" })).toThrow('"c" (convergent), "a" (arrival)');
    expect(() => requireLabel({ ...weak, require: "convergent" })).toThrow(
      /these steps promise less: "a" \(arrival\)\./,
    );
    expect(() => requireLabel({ ...weak, require: "arrival" })).not.toThrow();
    expect(() => requireLabel(weak)).not.toThrow();
    expect(() => requireLabel({ ...weak, require: "exact" as "arrival" })).toThrow('require is "exact"');
  });
});
