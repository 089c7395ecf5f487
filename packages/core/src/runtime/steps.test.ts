import { expect, test } from "vitest";
import { BEGINNING } from "../time.ts";
import { clocksOf, gaugesOf } from "./steps.ts";

const gauges = { windows: 2 };

test("what is open on several shards is added up", () => {
  const steps = [0, 1].map(() => ({ node: "hourly", gauges, clock: 0 }));
  expect(gaugesOf([...steps, { node: "filter", gauges: {}, clock: 0 }])).toEqual({
    hourly: { windows: 4 },
  });
});

test("a step may be called as what every object inherits", () => {
  const step = { node: "constructor", gauges, clock: 5 };
  expect(gaugesOf([step])).toEqual({ constructor: { windows: 2 } });
  expect(clocksOf([step])).toEqual({ constructor: 5 });
});

test("a step's clock is the lowest of its shards, and none while one shard has none", () => {
  const on = (node: string, ...clocks: readonly number[]) => clocks.map((clock) => ({ node, clock }));
  const steps = [...on("a", 5, 3), ...on("b", BEGINNING, 7), ...on("c", 7, BEGINNING), ...on("d", Infinity)];
  expect(clocksOf(steps)).toEqual({
    a: 3,
    b: null,
    c: null,
    d: null,
  });
});
