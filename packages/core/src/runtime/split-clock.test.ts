import fc from "fast-check";
import { expect, test } from "vitest";
import { SplitClock } from "./split-clock.ts";

test("a row's clock is the largest time so far, itself included, minus the bound and 1 µs", () => {
  const clock = new SplitClock(10);
  expect([...clock.advance(Float64Array.of(100, 90, 130, 120), 4)]).toEqual([89, 89, 119, 119]);
});

test("the clocks of rows do not depend on how the log is cut into batches", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.nat(5), (times, size) => {
      const whole = [...new SplitClock(7).advance(Float64Array.from(times), times.length)];
      const cut = new SplitClock(7);
      const parts: number[] = [];
      for (let at = 0; at < times.length; at += size + 1) {
        const part = times.slice(at, at + size + 1);
        parts.push(...cut.advance(Float64Array.from(part), part.length));
      }
      expect(parts).toEqual(whole);
    }),
  );
});

test("a mark lifts the clock of the rows behind it, and only upwards", () => {
  const clock = new SplitClock(0);
  clock.advance(Float64Array.of(11), 1);
  expect(clock.mark(50)).toBe(true);
  expect(clock.mark(40)).toBe(false);
  expect([...clock.advance(Float64Array.of(20, 60), 2)]).toEqual([50, 59]);
});

test("a split goes on from its record as if it had never stopped", () => {
  const before = new SplitClock(5);
  before.advance(Float64Array.of(10, 30), 2);
  const after = new SplitClock(5, {
    source: "s",
    split: "a",
    timeMax: before.timeMax,
    clock: before.clock,
    lift: null,
    status: "live",
  });
  expect([...after.advance(Float64Array.of(20), 1)]).toEqual([...before.advance(Float64Array.of(20), 1)]);
});
