import type { OperatorNode } from "@df/core";
import { expect, test } from "vitest";
import { defineAggregate, pipeline, sliding, t, tumbling } from "./index.ts";
import type { Pipeline } from "./index.ts";
import { built, refusal, standInSink, standInSource, untyped } from "./stand-ins.ts";

const Order = t.row({ userId: t.string(), qty: t.int(), at: t.timestamp() });
const clock = { eventTime: "at", maxOutOfOrderness: "30s" } as const;
const out = standInSink<"append">(["append"]);
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
});

test("windows that hold nothing, leave rows out or are shifted by a step are refused", () => {
  expect(() => tumbling("0s")).toThrow(/size 0.*\[DF_WINDOW\]/);
  expect(() => tumbling("1h", { offset: "1h" })).toThrow(/offset "1h".*size "1h".*\[DF_WINDOW\]/);
  expect(() => sliding("1h", "0s")).toThrow(/"0s".*\[DF_WINDOW\]/);
  expect(() => sliding("1h", "2h")).toThrow(/every "2h".*at most the size.*\[DF_WINDOW\]/);
  expect(() => sliding("1h", "5m", { offset: "5m" })).toThrow(/step "5m".*\[DF_WINDOW\]/);
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

test("an aggregate without merge is refused in sliding windows, and taken in tumbling ones", () => {
  const recent = (spec: unknown) => (p: Pipeline) =>
    p
      .from("orders", standInSource(Order), clock)
      .window(untyped(spec))
      .aggregate("recent", (a) => ({ pieces: a.use(untyped(total), "qty") }))
      .to("out", out);
  expect(refusal(() => pipeline("p", recent(sliding("1h", "5m"))))).toMatch(
    /"recent".*"pieces".*\[DF_NO_MERGE\]/s,
  );
  expect(() => built(recent(tumbling("1h")))).not.toThrow();
});
