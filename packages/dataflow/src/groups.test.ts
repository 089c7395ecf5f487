import type { ChangeMode, OperatorNode, PlanNode, SinkNode } from "@df/core";
import { describe, expect, test } from "vitest";
import { defineAggregate, pipeline, t, tumbling } from "./index.ts";
import type { Pipeline } from "./index.ts";
import { built, refusal, standInSink, standInSource, untyped } from "./stand-ins.ts";

const Bid = t.row({
  id: t.string(),
  auction: t.int(),
  day: t.date().nullable(),
  price: t.int64(),
  note: t.string().nullable(),
  at: t.timestamp(),
});
const clock = { eventTime: "at", maxOutOfOrderness: "30s" } as const;
const table = standInSink<ChangeMode>(["append", "upsert", "retract"]);
const refused = (build: (p: Pipeline) => void): string => refusal(() => pipeline("p", build));
const bids = (p: Pipeline) => p.from("bids", standInSource(Bid), clock);
const operator = (nodes: readonly PlanNode[], id: string): OperatorNode =>
  nodes.find((node) => node.id === id) as OperatorNode;

describe("a view", () => {
  test("has a row per group, upserted by the group's columns, and no event time", () => {
    const nodes = built((p) => {
      bids(p)
        .groupBy("auction", "day")
        .aggregate("per-day", (a) => ({ bids: a.count(), top: a.max("price") }))
        .to("out", table);
    });
    const { shape, exchange } = nodes.at(-1) as SinkNode;
    expect(shape).toMatchObject({ change: "upsert", key: ["auction", "day"], timed: false });
    expect(shape.schema.fields.map(({ name }) => name)).toEqual(["auction", "day", "bids", "top"]);
    expect(exchange).toBe("forward");
    expect(operator(nodes, "per-day").spec).toMatchObject({
      name: "group",
      label: "convergent",
      exchanges: [{ keyBy: ["auction", "day"] }],
    });
  });

  test("is made of rows without event time as well, and of a changelog", () => {
    const nodes = built((p) => {
      p.from("untimed", standInSource(Bid))
        .groupBy("auction")
        .aggregate("auctions", (a) => ({ bids: a.count() }))
        .changelog("changes")
        .groupBy("bids")
        .aggregate("spread", (a) => ({ auctions: a.count() }))
        .to("out", table);
    });
    expect(operator(nodes, "spread").outputs[0]).toMatchObject({ key: ["bids"], change: "upsert" });
  });
});

describe("where()", () => {
  const cheap = (bid: { price: bigint }): boolean => bid.price < 10_000n;

  test("reads the columns that its lambda reads, and keeps the text of the lambda beside the step", () => {
    const plan = pipeline("p", (p) => {
      bids(p)
        .groupBy("auction")
        .aggregate("x", (a) => ({
          cheap: a.where(cheap).count(),
          noted: a.where((bid) => bid.note !== null).max("id"),
        }))
        .to("out", table);
    }).build();
    const { spec } = operator(plan.nodes, "x");
    expect(spec.options).toMatchObject({ aggregates: [{ where: ["price"] }, { where: ["note"] }] });
    expect([...(spec.needs([new Set()], [Bid.schema])[0] ?? [])].toSorted()).toEqual([
      "auction",
      "id",
      "note",
      "price",
    ]);
    expect(plan.lambdas["x.where()"]).toContain("bid.price <");
    expect(plan.lambdas["x.where().2"]).toContain("bid.note !== null");
  });

  test("given the same lambda again is one condition", () => {
    const plan = pipeline("p", (p) => {
      bids(p)
        .groupBy("auction")
        .aggregate("x", (a) => ({ n: a.where(cheap).count(), top: a.where(cheap).max("price") }))
        .to("out", table);
    }).build();
    expect(Object.keys(plan.lambdas)).toEqual(["x.where()"]);
  });

  test("gives null where no row qualifies, but counts 0; also in windows and for aggregates of yours", () => {
    const longest = defineAggregate({
      value: t.string(),
      state: { n: t.int() },
      output: t.int(),
      init: () => ({ n: 0 }),
      add: (state, value) => ({ n: Math.max(state.n, value.length) }),
      result: (state) => state.n,
    });
    const nodes = built((p) => {
      bids(p)
        .keyBy("auction")
        .window(tumbling("1h"))
        .aggregate("hours", (a) => {
          const low = a.where(cheap);
          return {
            n: low.count(),
            sum: low.sum("price"),
            mean: low.avg("price"),
            least: low.min("id"),
            own: low.use(longest, "id"),
            all: a.sum("price"),
          };
        })
        .to("out", table);
    });
    const { fields } = operator(nodes, "hours").outputs[0]?.schema ?? { fields: [] };
    expect(fields.slice(3).map(({ name, nullable }) => [name, nullable])).toEqual([
      ["n", false],
      ["sum", true],
      ["mean", true],
      ["least", true],
      ["own", true],
      ["all", false],
    ]);
  });
});

test.each<[string, (p: Pipeline) => unknown, string[]]>([
  ["no column", (p) => (bids(p) as unknown as { groupBy(): void }).groupBy(), ["DF_KEY", "groupBy()"]],
  ["a column that is not there", (p) => bids(p).groupBy(untyped("town")), ["DF_NO_COLUMN", '"town"']],
  [
    "upserts",
    (p) => {
      const view = bids(p)
        .groupBy("auction")
        .aggregate("v", (a) => ({ n: a.count() }));
      return view.groupBy(untyped("n"));
    },
    ["DF_NEEDS_CHANGELOG", "groupBy()"],
  ],
  [
    "an aggregate called like a group column",
    (p) =>
      bids(p)
        .groupBy("auction")
        .aggregate(
          "v",
          untyped((a: { count(): unknown }) => ({ auction: a.count() })),
        ),
    ["DF_COLUMN_TWICE", '"auction"'],
  ],
  [
    "a count of a column",
    (p) =>
      bids(p)
        .groupBy("auction")
        .aggregate(
          "v",
          untyped((a: { count(column: string): unknown }) => ({ n: a.count("bidder") })),
        ),
    ["DF_AGGREGATE", "count()", "a.where("],
  ],
  [
    "an option of windows",
    (p) => {
      const groups = bids(p).groupBy("auction") as unknown as { aggregate(...all: unknown[]): void };
      groups.aggregate("v", () => ({}), { emit: "onUpdate" });
    },
    ["DF_OPTION", '"v"', 'no option "emit"'],
  ],
  [
    "an async condition",
    (p) =>
      bids(p)
        .groupBy("auction")
        .aggregate("v", (a) => ({ n: a.where(untyped(async () => true)).count() })),
    ["DF_ASYNC_LAMBDA", "where()"],
  ],
  [
    "a condition on a column that is not there",
    (p) =>
      bids(p)
        .groupBy("auction")
        .aggregate("v", (a) => ({
          n: a.where(untyped((bid: { town: string }) => bid.town === "x")).count(),
        })),
    ["DF_NO_COLUMN", '"v": The lambda of where() reads "town"'],
  ],
  [
    "no condition",
    (p) =>
      bids(p)
        .groupBy("auction")
        .aggregate("v", (a) => ({ n: a.where(untyped("x")).count() })),
    ["DF_LAMBDA", "where()"],
  ],
])("%s is refused", (_what, build, words) => {
  const text = refused((p) => void build(p));
  for (const word of words) expect(text).toContain(word);
});
