import { describe, expect, test } from "vitest";
import { t, type Shape } from "@df/core";
import { openOperator, type TestInput } from "@df/testing";
import { dedupe, type DedupeOptions } from "./dedupe.ts";

const Row = t.row({ id: t.string(), at: t.timestamp() });
const INPUT: TestInput = { schema: Row.schema, time: "at", boundMicros: 1_000_000 };
const options: DedupeOptions = { by: ["id"], withinMicros: 10_000, keep: "any" };

test("a copy is dropped up to, not including, the distance, before and after the kept row", () => {
  const harness = openOperator(dedupe(options), [INPUT]);
  harness.push([100, 109.999, 90.001, 110, 90].map((at) => ({ id: "a", at })));
  expect(harness.take()).toEqual([100, 110, 90].map((at) => ({ id: "a", at })));
  expect(Object.fromEntries(harness.counts)).toEqual({ passed: 3, duplicate: 2 });
});

test("distance is measured from the kept row: a copy of a copy may be kept", () => {
  const harness = openOperator(dedupe(options), [INPUT]);
  harness.push([0, 6, 12].map((at) => ({ id: "a", at })));
  expect(harness.take()).toEqual([0, 12].map((at) => ({ id: "a", at })));
});

test("a late row goes to port 1 with the milliseconds it is late by", () => {
  const harness = openOperator(dedupe(options), [{ ...INPUT, boundMicros: 0 }]);
  harness.push([
    { id: "a", at: 100 },
    { id: "b", at: 95 },
  ]);
  expect(harness.take()).toEqual([{ id: "a", at: 100 }]);
  expect(harness.take(1)).toEqual([{ id: "b", at: 95, lateBy: 4.999 }]);
  expect(harness.count("late")).toBe(1);
});

test("kept rows are forgotten once nothing can be near to them", () => {
  const operator = dedupe(options);
  let rows = (): number => -1;
  const watched = {
    ...operator,
    open: (context: Parameters<typeof operator.open>[0]) => {
      const { state } = context;
      const watching = {
        table: (...args: Parameters<typeof state.table>) => {
          const table = state.table(...args);
          rows = () => table.size;
          return table;
        },
      };
      return operator.open({ ...context, state: watching });
    },
  };
  const harness = openOperator(watched, [INPUT]);
  harness.push([0, 15, 1_000].map((at) => ({ id: "a", at })));
  expect(rows()).toBe(3);
  harness.clock(-1_000);
  expect(rows()).toBe(3);
  harness.pushLog([{ row: { id: "a", at: 1_040 } }]);
  harness.clock(39_999);
  expect(rows()).toBe(2);
  harness.end();
  expect(rows()).toBe(0);
});

describe("dedupe refuses", () => {
  const shape: Shape = { schema: Row.schema, change: "append", key: [], timed: true };
  test("streams with updates", () => {
    expect(() => dedupe(options).outputs([{ ...shape, change: "upsert", key: ["id"] }])).toThrow("DF_CHANGE");
  });
  test("streams without event time", () => {
    expect(() => dedupe(options).outputs([{ ...shape, timed: false }])).toThrow("DF_TIME");
  });
  test("columns that are not there", () => {
    expect(() => dedupe({ ...options, by: ["uid"] }).outputs([shape])).toThrow("DF_NO_COLUMN");
  });
  test("no columns, and no distance", () => {
    expect(() => dedupe({ ...options, by: [] })).toThrow("DF_DEDUPE");
    expect(() => dedupe({ ...options, withinMicros: 0 })).toThrow("DF_DEDUPE");
  });
});
