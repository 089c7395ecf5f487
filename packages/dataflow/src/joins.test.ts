import type { OperatorNode, PlanNode, SourceNode } from "@df/core";
import { prune } from "@df/core/plan/prune";
import { expect, test } from "vitest";
import { lit, pipeline, sliding, t, tumbling } from "./index.ts";
import type { Pipeline } from "./index.ts";
import { built, refusal, standInSink, standInSource, untyped } from "./stand-ins.ts";

const Person = t.row({ id: t.int(), name: t.string(), city: t.string().nullable(), at: t.timestamp() });
const Auction = t.row({ id: t.int(), seller: t.int(), item: t.string(), price: t.int(), at: t.timestamp() });
const clock = { eventTime: "at", maxOutOfOrderness: "2s" } as const;
const out = standInSink<"append">(["append"]);
const persons = (p: Pipeline) => p.from("persons", standInSource(Person), clock);
const auctions = (p: Pipeline) => p.from("auctions", standInSource(Auction), clock);

const sold = (p: Pipeline) =>
  persons(p).joinWindow("q8", auctions(p), {
    on: { id: "seller" },
    window: tumbling("10s"),
    type: "left",
    select: (person, auction, window) => ({
      person: person("id"),
      title: person("name").concat(": ", auction("item").orElse("?")),
      start: window("windowStart"),
    }),
    allowedLateness: "3s",
  });

function operator(nodes: readonly PlanNode[], id: string): OperatorNode {
  return nodes.find((node) => node.id === id) as OperatorNode;
}

test("a join is a step that pairs rows, spread by the columns of each side, and one that makes columns", () => {
  const nodes = built((p) => sold(p).to("out", out));
  const pairs = operator(nodes, "q8");
  expect(pairs.inputs).toEqual([
    { node: "persons", port: 0 },
    { node: "auctions", port: 0 },
  ]);
  expect(pairs.spec.exchanges).toEqual([{ keyBy: ["id"] }, { keyBy: ["seller"] }]);
  expect(pairs.spec.options).toEqual({
    on: [["id", "seller"]],
    window: { kind: "tumbling", sizeMicros: 10_000_000, offsetMicros: 0 },
    type: "left",
    left: [
      ["left.id", "id"],
      ["left.name", "name"],
    ],
    right: [["right.item", "item"]],
    allowedLatenessMicros: 3_000_000,
  });
  const [result] = operator(nodes, "q8.select").outputs;
  expect(result).toMatchObject({ change: "append", key: [], timed: true });
  expect(result?.schema.fields.map(({ name, nullable }) => [name, nullable])).toEqual([
    ["person", false],
    ["title", false],
    ["start", false],
  ]);
});

test("late rows of each side are streams of their own, with the columns of that side", () => {
  const nodes = built((p) => {
    const join = sold(p);
    join.lateLeft.to("late-persons", out);
    join.lateRight.to("late-auctions", out);
  });
  const names = ["late-persons", "late-auctions"].map((id) => {
    const node = nodes.find((each) => each.id === id);
    return node?.kind === "sink" ? [node.input?.port, node.shape.schema.fields.map(({ name }) => name)] : [];
  });
  expect(names).toEqual([
    [1, ["id", "name", "city", "at", "lateBy"]],
    [2, ["id", "seller", "item", "price", "at", "lateBy"]],
  ]);
});

test("columns that the result does not show are not read", () => {
  const plan = prune(pipeline("p", (p) => sold(p).to("out", out)).build());
  const read = ["persons", "auctions"].map((id) => {
    const source = plan.nodes.find((node) => node.id === id) as SourceNode;
    return source.outputs[0]?.schema.fields.map(({ name }) => name);
  });
  expect(read).toEqual([
    ["id", "name", "at"],
    ["seller", "item", "at"],
  ]);
});

test("all columns of a side can be handed on, and a join needs to show none", () => {
  const nodes = built((p) => {
    const [left, right] = [persons(p), auctions(p)];
    const options = { on: { id: "seller" }, window: sliding("1m", "10s"), type: "right" } as const;
    left
      .joinWindow("all", right, { ...options, select: (a, b) => ({ ...a.all, lot: b("id") }) })
      .to("out", out);
    left.joinWindow("none", right, { ...options, select: () => ({ one: lit(1) }) }).to("ones", out);
  });
  const fields = operator(nodes, "all.select").outputs[0]?.schema.fields;
  expect(fields?.map(({ name, nullable }) => (nullable ? `${name}?` : name))).toEqual([
    "id?",
    "name?",
    "city?",
    "at?",
    "lot",
  ]);
  expect(operator(nodes, "none").spec.options).toMatchObject({ left: [], right: [] });
});

/** A join with options that the types would refuse. */
const joined = (options: object) => (p: Pipeline) => {
  const whole = { on: { id: "seller" }, window: tumbling("1m"), select: () => ({ one: lit(1) }), ...options };
  persons(p).joinWindow("q8", auctions(p), untyped(whole));
};

test.each<[string, (p: Pipeline) => void, string[]]>([
  ["an option that does not exist", joined({ by: "id" }), ["DF_OPTION", '"by"', "allowedLateness"]],
  ["a type that does not exist", joined({ type: "outer" }), ["DF_OPTION", '"outer"', '"full"']],
  ["no columns", joined({ on: {} }), ["DF_JOIN_ON"]],
  ["the name of one column", joined({ on: "id" }), ["DF_JOIN_ON", "on: {"]],
  ["a column without another one", joined({ on: { id: 1 } }), ["DF_JOIN_ON", "id"]],
  [
    "columns of two types",
    joined({ on: { id: "item" } }),
    ["DF_JOIN_TYPE", '"id"', "int64", '"item"', "string"],
  ],
  ["a column that is not there", joined({ on: { id: "buyer" } }), ["DF_NO_COLUMN", '"buyer"', "right side"]],
  ["a column that is not here", joined({ on: { buyer: "id" } }), ["DF_NO_COLUMN", '"buyer"', "left side"]],
  ["names in a list", joined({ on: ["id"] }), ["DF_JOIN_ON", "on: {"]],
  ["a select of nothing", joined({ select: () => undefined }), ["DF_LAMBDA", "returns undefined"]],
  ["session windows", joined({ window: { kind: "session", gapMicros: 1 } }), ["DF_WINDOW", "tumbling"]],
  ["no window", joined({ window: undefined }), ["DF_WINDOW"]],
  ["a select that is no function", joined({ select: {} }), ["DF_LAMBDA"]],
  ["a select of something else", joined({ select: () => ({ x: 1 }) }), ["DF_EXPRESSION", '"x"', "right("]],
  [
    "a select of a column that is not there",
    joined({ select: (a: (name: string) => unknown) => ({ x: a("item") }) }),
    ["DF_NO_COLUMN", '"item"', "city"],
  ],
  [
    "something that is no stream",
    (p) => void persons(p).joinWindow("q8", untyped({}), untyped({})),
    ["DF_JOIN_SIDE", "same pipeline"],
  ],
  [
    "a side without event time",
    (p) => {
      const options = { on: { id: "seller" }, window: tumbling("1m"), select: () => ({ one: lit(1) }) };
      persons(p).joinWindow("q8", untyped(p.from("auctions", standInSource(Auction))), untyped(options));
    },
    ["DF_NO_EVENT_TIME", "right side"],
  ],
])("a join of %s is refused, naming the step", (_, build, words) => {
  const message = refusal(() => pipeline("p", build));
  for (const word of [...words, '"q8"']) expect(message).toContain(word);
});

test("an expression that does not fit is refused, naming the step that makes columns", () => {
  const build = joined({
    select: (a: (name: string) => { add(other: unknown): unknown }) => ({ x: a("name").add(1) }),
  });
  expect(refusal(() => pipeline("p", build))).toMatch(/"q8\.select".*string.*\[DF_EXPRESSION\]/s);
});
