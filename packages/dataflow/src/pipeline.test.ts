import { DataflowError, micros } from "@df/core";
import type { ChangeMode, OperatorNode, PlanNode, SinkNode, SourceNode } from "@df/core";
import { tap } from "@df/operators";
import { describe, expect, test } from "vitest";
import { defineAggregate, pipeline, t, tumbling } from "./index.ts";
import type { Pipeline, Stream, TypedOperator } from "./index.ts";
import { built, refusal, standInSink, standInSource, untyped } from "./stand-ins.ts";

const Order = t.row({
  id: t.string(),
  userId: t.string(),
  cents: t.int64(),
  at: t.timestamp(),
  note: t.string().nullable(),
});
const clock = { eventTime: "at", maxOutOfOrderness: "30s" } as const;

const table = standInSink<ChangeMode>(["append", "upsert", "retract"]);
const appendOnly = standInSink<"append">(["append"]);

const byId = (nodes: readonly PlanNode[], id: string): PlanNode => {
  const node = nodes.find((each) => each.id === id);
  if (node === undefined) throw new Error(`no ${id} among ${nodes.map((each) => each.id).join(", ")}`);
  return node;
};
const refused = (build: (p: Pipeline) => void): string => refusal(() => pipeline("p", build));

const flagship = (p: Pipeline): void => {
  const perUser = p
    .from("orders", standInSource(Order), { ...clock, idleTimeout: "1m", onInvalid: appendOnly })
    .filter((o) => o.cents > 0n)
    .keyBy("userId")
    .window(tumbling("1h"))
    .aggregate("per-user-hour", (a) => ({ orders: a.count(), cents: a.sum("cents") }), {
      allowedLateness: "10m",
    });
  perUser.to("gold", table, { commitEvery: { time: "5s" } });
  perUser.late.to("late", appendOnly);
};

describe("a pipeline becomes a plan", () => {
  test("with a node for each step, after its inputs", () => {
    const nodes = built(flagship);
    expect(nodes.map(({ id, kind }) => `${kind} ${id}`)).toEqual([
      "source orders",
      "sink orders.invalid",
      "operator orders.filter",
      "operator per-user-hour",
      "sink gold",
      "sink late",
    ]);
    expect((byId(nodes, "per-user-hour") as OperatorNode).inputs).toEqual([
      { node: "orders.filter", port: 0 },
    ]);
    expect((byId(nodes, "late") as SinkNode).input).toEqual({ node: "per-user-hour", port: 1 });
  });

  test("with the facts of each stream", () => {
    const nodes = built(flagship);
    const gold = byId(nodes, "gold") as SinkNode;
    expect(gold.shape.change).toBe("upsert");
    expect(gold.shape.key).toEqual(["userId", "windowStart"]);
    expect(gold.shape.schema.fields.map(({ name }) => name)).toEqual([
      "userId",
      "windowStart",
      "windowEnd",
      "orders",
      "cents",
    ]);
    expect(gold.commitEvery).toEqual({ time: micros("5s"), bytes: 128 * 1024 * 1024 });
    expect((byId(nodes, "late") as SinkNode).shape.timed).toBe(false);
    expect((byId(nodes, "late") as SinkNode).commitEvery.time).toBe(micros("10s"));
  });

  test("with event time in microseconds and the place for what cannot be decoded", () => {
    const node = byId(built(flagship), "orders") as SourceNode;
    expect(node.time).toEqual({ column: "at", maxOutOfOrderness: micros("30s"), idleTimeout: micros("1m") });
    expect(node.invalid).toBe("orders.invalid");
    const quarantine = byId(built(flagship), "orders.invalid") as SinkNode;
    expect(quarantine.input).toBeUndefined();
    expect(quarantine.shape.schema.fields.map(({ name }) => name)).toEqual([
      "raw",
      "reason",
      "node",
      "split",
      "position",
    ]);
  });

  test("in which lambdas name the columns they read, and their texts are kept", () => {
    const plan = pipeline("p", flagship).build();
    expect((byId(plan.nodes, "orders.filter") as OperatorNode).spec.options).toEqual({ columns: ["cents"] });
    expect(plan.lambdas["orders.filter"]).toContain("o.cents > 0n");
  });

  test("with its options and their defaults", () => {
    const plain = pipeline("p", flagship).build();
    expect(plain).toMatchObject({ name: "p", checkpointEvery: micros("1s"), batchRows: 4096, params: {} });
    expect(plain.rejected).toBeUndefined();
    const plan = pipeline(
      "p",
      { checkpointEvery: "250ms", batchRows: 100, rejected: appendOnly, require: "convergent" },
      flagship,
    ).build();
    expect(plan).toMatchObject({
      checkpointEvery: 250_000,
      batchRows: 100,
      rejected: "rejected",
      require: "convergent",
    });
    expect(byId(plan.nodes, "rejected")).toMatchObject({ kind: "sink", input: undefined });
  });

  test("afresh each time it is built", () => {
    const definition = pipeline("p", flagship);
    expect(definition.build().nodes.map(({ id }) => id)).toEqual(
      definition.build().nodes.map(({ id }) => id),
    );
  });

  test("whose windows count user-defined aggregates and offsets", () => {
    const longest = defineAggregate({
      value: t.string(),
      state: { n: t.int() },
      output: t.int(),
      init: () => ({ n: 0 }),
      add: (state, value) => ({ n: Math.max(state.n, value.length) }),
      result: (state) => state.n,
    });
    const nodes = built((p) => {
      p.from("orders", standInSource(Order), clock)
        .window(tumbling("1h", { offset: "5m" }))
        .aggregate("all", (a) => ({ longest: a.use(longest, "id"), note: a.use(longest, "note") }))
        .to("out", appendOnly);
    });
    const { shape } = byId(nodes, "out") as SinkNode;
    expect(shape.change).toBe("append");
    expect(shape.schema.fields.slice(2).map(({ name, nullable }) => [name, nullable])).toEqual([
      ["longest", false],
      ["note", true],
    ]);
  });
});

describe("steps that keep state", () => {
  test("dedupe by one column or several, with its late rows beside it", () => {
    const nodes = built((p) => {
      const orders = p.from("orders", standInSource(Order), clock);
      const once = orders.dedupe("once", { by: "id", within: "24h", keep: "any" });
      once.late.to("late", appendOnly);
      once
        .dedupe("again", { by: ["id", "userId"], within: "1m", keep: "any", allowedLateness: "5s" })
        .to("out", appendOnly);
    });
    expect((byId(nodes, "once") as OperatorNode).spec).toMatchObject({
      options: { by: ["id"], withinMicros: micros("24h"), allowedLatenessMicros: 0 },
      exchanges: [{ keyBy: ["id"] }],
    });
    expect((byId(nodes, "again") as OperatorNode).spec.options).toMatchObject({
      by: ["id", "userId"],
      allowedLatenessMicros: micros("5s"),
    });
    const { input, shape } = byId(nodes, "late") as SinkNode;
    expect(input).toEqual({ node: "once", port: 1 });
    expect(shape.schema.fields.at(-1)?.name).toBe("lateBy");
  });

  test("changelog by the key of the stream, which can then be grouped again", () => {
    const nodes = built((p) => {
      p.from("orders", standInSource(Order), clock)
        .keyBy("userId")
        .window(tumbling("1h"))
        .aggregate("hours", (a) => ({ n: a.count() }), { emit: "onUpdate" })
        .changelog("changes")
        .keyBy("userId")
        .window(tumbling("1d"))
        .aggregate("days", (a) => ({ hours: a.count(), n: a.sum("n") }), { emit: "onUpdate" })
        .to("out", table);
    });
    expect((byId(nodes, "changes") as OperatorNode).spec.options).toEqual({ key: ["userId", "windowStart"] });
    expect((byId(nodes, "changes") as OperatorNode).outputs[0]?.change).toBe("retract");
    expect((byId(nodes, "out") as SinkNode).shape.key).toEqual(["userId", "windowStart"]);
  });
});

test("An operator of a package, and a function of one's own, are steps like others", () => {
  const byHand = { ...tap({ columns: "all", look: () => {} }), name: "by-hand" };
  const nodes = built((p) => {
    const clean = (s: Stream<{ id: string }, "append", never, true>) => s.filter((r) => r.id !== "");
    p.from("orders", standInSource(Order), clock)
      .via("hand", byHand as TypedOperator<{ id: string }, "append", { id: string }, "append">)
      .pipe(clean)
      .to("out", appendOnly);
  });
  expect((byId(nodes, "hand") as OperatorNode).spec.name).toBe("by-hand");
  expect(nodes.map(({ id }) => id)).toEqual(["orders", "hand", "hand.filter", "out"]);
});

describe("ids", () => {
  test("of unnamed steps come from the nearest named one, and are counted", () => {
    const nodes = built((p) => {
      p.from("orders", standInSource(Order), clock)
        .filter((o) => o.id !== "")
        .map({ id: t.string() }, (o) => ({ id: o.id }))
        .filter((o) => o.id !== "x")
        .tap((o) => void o.id, { id: "seen" })
        .filter((o) => o.id !== "y")
        .to("out", table);
    });
    expect(nodes.map(({ id }) => id)).toEqual([
      "orders",
      "orders.filter",
      "orders.map",
      "orders.filter.2",
      "seen",
      "seen.filter",
      "out",
    ]);
    expect(nodes.filter((node) => node.kind === "operator" && node.named).map(({ id }) => id)).toEqual([
      "seen",
    ]);
  });

  test("are prefixed inside a scope, and only there", () => {
    const region = (p: Pipeline, name: string) =>
      p.scope(name, (q) =>
        q.from("orders", standInSource(Order), clock).filter((o) => o.id !== "", { id: "clean" }),
      );
    const nodes = built((p) => {
      region(p, "eu").union(region(p, "us")).to("out", table);
      p.scope("a", () => p.scope("b", (q) => q.from("deep", standInSource(Order)).to("deep-out", table)));
    });
    expect(nodes.map(({ id }) => id)).toEqual([
      "eu/orders",
      "eu/clean",
      "us/orders",
      "us/clean",
      "eu/clean.union",
      "out",
      "a/b/deep",
      "a/b/deep-out",
    ]);
  });

  test("are refused twice, naming both uses", () => {
    expect(
      refused((p) => {
        p.from("x", standInSource(Order)).to("x", table);
      }),
    ).toContain('to() and p.from() have the same id "x"');
  });

  test.each(["", "a b", "../up", "-a", "ä", "a/b"])("%j is refused", (id) => {
    expect(refused((p) => p.from(id, standInSource(Order)).to("out", table))).toContain("[DF_ID]");
    expect(() => pipeline(id, () => {})).toThrow("[DF_ID]");
    expect(refused((p) => p.scope(id, () => {}))).toContain("[DF_ID]");
  });

  test("are required where state hangs on them", () => {
    expect(
      refused((p) => p.from("o", standInSource(Order)).to(untyped(table), untyped(undefined))),
    ).toContain("to() needs a name");
  });
});

describe("rows reach a sink", () => {
  const nodesOf = (change: (p: Pipeline) => void): SinkNode => byId(built(change), "out") as SinkNode;
  const hours = (p: Pipeline) =>
    p
      .from("orders", standInSource(Order), clock)
      .keyBy("userId")
      .window(tumbling("1h"))
      .aggregate("hours", (a) => ({ n: a.count() }), { emit: "onUpdate" });

  test("as they are spread when they are events", () => {
    expect(nodesOf((p) => p.from("orders", standInSource(Order)).to("out", table)).exchange).toBe("forward");
  });

  test("as they are spread when updates of one key already meet", () => {
    expect(nodesOf((p) => hours(p).to("out", table)).exchange).toBe("forward");
    expect(
      nodesOf((p) =>
        hours(p)
          .filter((r) => r.n > 1)
          .tap(() => {})
          .to("out", table),
      ).exchange,
    ).toBe("forward");
    const single = nodesOf((p) =>
      p
        .from("orders", standInSource(Order), clock)
        .window(tumbling("1h"))
        .aggregate("all", (a) => ({ n: a.count() }), { emit: "onUpdate" })
        .to("out", table),
    );
    expect(single.exchange).toBe("forward");
  });

  test("only of changes that it takes", () => {
    const text = refused((p) => hours(p).to("out", untyped(appendOnly)));
    expect(text).toContain('"out": The test sink takes append, but the rows of this stream are upsert');
    expect(text).toContain("[DF_SINK_MODE]");
  });

  test("that has agreed to their shape", () => {
    const picky = standInSink(["append"], () => {
      throw new DataflowError("DF_SCHEMA_TYPE", "No such column.");
    });
    expect(refused((p) => p.from("orders", standInSource(Order)).to("out", picky))).toBe(
      '"p": "out": No such column. [DF_SCHEMA_TYPE]',
    );
  });
});
