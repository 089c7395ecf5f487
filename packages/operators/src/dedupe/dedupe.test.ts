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
  const harness = openOperator(dedupe(options), [INPUT]);
  harness.push([0, 19.999, 1_000].map((at) => ({ id: "a", at })));
  expect(harness.stateRows()).toBe(3);
  harness.clock(19_999);
  expect(harness.stateRows()).toBe(3);
  harness.clock(20_000);
  expect(harness.stateRows()).toBe(2);
  harness.end();
  expect(harness.stateRows()).toBe(0);
});

test("a copy takes no place in the state, also where only the row beside its pane is near", () => {
  const harness = openOperator(dedupe(options), [INPUT]);
  harness.push([9, 11].map((at) => ({ id: "a", at })));
  expect(harness.stateRows()).toBe(1);
});

describe("keep: first", () => {
  const first = dedupe({ ...options, keep: "first", allowedLatenessMicros: 5_000 });
  const at = (...times: number[]): { id: string; at: number }[] =>
    times.map((time) => ({ id: "a", at: time }));

  test("holds rows until the clock is the allowed lateness beyond them, and the clock as long", () => {
    const harness = openOperator(first, [INPUT]);
    harness.push(at(20, 12));
    expect([harness.buffered(), harness.take()]).toEqual([2, []]);
    harness.clock(16_999);
    expect([harness.buffered(), harness.clockOut]).toEqual([2, 11_999]);
    harness.clock(17_000);
    expect(harness.take()).toEqual(at(12));
    expect([harness.buffered(), harness.clockOut]).toEqual([1, 12_000]);
    harness.end();
    expect(harness.take()).toEqual([]);
    expect(Object.fromEntries(harness.counts)).toEqual({ passed: 1, duplicate: 1 });
  });

  test("drops a row near to the kept one at once, without holding it", () => {
    const harness = openOperator(first, [{ ...INPUT, boundMicros: 4_000 }]);
    harness.push(at(10));
    harness.clock(15_000);
    harness.push(at(19.999));
    expect([harness.buffered(), harness.count("duplicate")]).toEqual([0, 1]);
  });

  test("forgets a key once nothing can be near to its last row", () => {
    const harness = openOperator(first, [INPUT]);
    harness.push(at(10));
    harness.clock(24_998);
    expect([harness.take(), harness.stateRows()]).toEqual([at(10), 1]);
    harness.clock(24_999);
    expect(harness.stateRows()).toBe(0);
  });

  test("needs all columns: which of two rows is the lower one must not depend on what is read later", () => {
    expect(first.needs([new Set(), new Set()], [Row.schema])).toEqual([new Set(["id", "at"])]);
  });
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
