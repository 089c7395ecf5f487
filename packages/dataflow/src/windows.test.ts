import type { ChangeMode, OperatorNode } from "@df/core";
import { expect, test } from "vitest";
import { defineAggregate, pipeline, session, sliding, t, tumbling } from "./index.ts";
import type { Pipeline } from "./index.ts";
import { built, refusal, standInSink, standInSource, untyped } from "./stand-ins.ts";

const Order = t.row({ userId: t.string(), qty: t.int(), at: t.timestamp() });
const clock = { eventTime: "at", maxOutOfOrderness: "30s" } as const;
const out = standInSink<"append">(["append"]);
const table = standInSink<ChangeMode>(["append", "upsert", "retract"]);
const total = defineAggregate({
  value: t.int(),
  state: { n: t.int() },
  output: t.int(),
  init: () => ({ n: 0 }),
  add: ({ n }, value) => ({ n: n + value }),
  result: ({ n }) => n,
});

test("windows have a size, a step and an offset in microseconds", () => {
  expect(tumbling("1h", { offset: "5m" })).toEqual({
    kind: "tumbling",
    sizeMicros: 3_600_000_000,
    offsetMicros: 300_000_000,
  });
  expect(sliding("10s", "2s", { offset: "1s" })).toEqual({
    kind: "sliding",
    sizeMicros: 10_000_000,
    everyMicros: 2_000_000,
    offsetMicros: 1_000_000,
  });
  expect(sliding("1h", "1h").offsetMicros).toBe(0);
  expect(session("10s")).toEqual({ kind: "session", gapMicros: 10_000_000 });
});

test("windows that hold nothing, leave rows out or are shifted by a step are refused", () => {
  expect(() => tumbling("0s")).toThrow(/size 0.*\[DF_WINDOW\]/);
  expect(() => tumbling("1h", { offset: "1h" })).toThrow(/offset "1h".*size "1h".*\[DF_WINDOW\]/);
  expect(() => sliding("1h", "0s")).toThrow(/"0s".*\[DF_WINDOW\]/);
  expect(() => sliding("1h", "2h")).toThrow(/every "2h".*at most the size.*\[DF_WINDOW\]/);
  expect(() => sliding("1h", "5m", { offset: "5m" })).toThrow(/step "5m".*\[DF_WINDOW\]/);
  expect(() => session("0s")).toThrow(/gap of 0.*\[DF_WINDOW\]/);
});

test("a sliding window is a step of the plan, of which the window is part", () => {
  const nodes = built((p) => {
    p.from("orders", standInSource(Order), clock)
      .keyBy("userId")
      .window(sliding("10s", "2s"))
      .aggregate("recent", (a) => ({ n: a.count() }))
      .to("out", out);
  });
  const node = nodes.find(({ id }) => id === "recent") as OperatorNode;
  expect(node.spec.options).toMatchObject({
    window: { kind: "sliding", sizeMicros: 10_000_000, everyMicros: 2_000_000 },
  });
  expect(node.outputs[0]?.change).toBe("append");
});

/** The session step of a pipeline, over its groups. */
function perSession(by: boolean, options: { allowedLateness?: "1m"; emit?: "onUpdate" }): OperatorNode {
  const nodes = built((p) => {
    const orders = p.from("orders", standInSource(Order), clock);
    const windowed = by ? orders.keyBy("userId").window(session("10s")) : orders.window(session("10s"));
    const visits = windowed.aggregate("visits", (a) => ({ n: a.count(), least: a.min("qty") }), options);
    visits.to("out", table);
    visits.late.to("late", out);
  });
  return nodes.find(({ id }) => id === "visits") as OperatorNode;
}

test("a session is a step of the plan with its gap; what may still change of it is taken back", () => {
  const once = perSession(true, {});
  expect(once.spec.name).toBe("session");
  expect(once.spec.options).toMatchObject({ by: ["userId"], gapMicros: 10_000_000, emit: "final" });
  expect([once.outputs[0]?.change, once.outputs[0]?.key]).toEqual(["append", []]);
  const late = perSession(true, { allowedLateness: "1m" });
  expect(late.spec.options).toMatchObject({ allowedLatenessMicros: 60_000_000 });
  expect([late.outputs[0]?.change, late.outputs[0]?.key]).toEqual(["retract", ["userId", "windowStart"]]);
  const all = perSession(false, { emit: "onUpdate" });
  expect([all.outputs[0]?.change, all.outputs[0]?.key]).toEqual(["retract", ["windowStart"]]);
  expect(all.spec.exchanges).toEqual(["single"]);
});

test("sessions of rows that can change are refused, and say which step to look at", () => {
  const build = (p: Pipeline): void =>
    p
      .from("orders", standInSource(Order), clock)
      .window(tumbling("1h"))
      .aggregate("hours", (a) => ({ n: a.count() }), { emit: "onUpdate" })
      .changelog("changes")
      .window(untyped(session("1d")))
      .aggregate("busy", (a) => ({ hours: a.count() }))
      .to("out", untyped(out));
  expect(refusal(() => pipeline("p", build))).toMatch(/"busy".*this stream is retract.*\[DF_NOT_APPEND\]/s);
});

test("an aggregate without merge is refused in sliding windows and sessions, and taken in tumbling ones", () => {
  const recent = (spec: unknown) => (p: Pipeline) =>
    p
      .from("orders", standInSource(Order), clock)
      .window(untyped(spec))
      .aggregate("recent", (a) => ({ pieces: a.use(untyped(total), "qty") }))
      .to("out", out);
  expect(refusal(() => pipeline("p", recent(sliding("1h", "5m"))))).toMatch(
    /"recent".*"pieces".*\[DF_NO_MERGE\]/s,
  );
  expect(refusal(() => pipeline("p", recent(session("1h"))))).toMatch(/"recent".*"pieces".*\[DF_NO_MERGE\]/s);
  expect(() => built(recent(tumbling("1h")))).not.toThrow();
});
