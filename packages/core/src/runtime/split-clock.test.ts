import fc from "fast-check";
import { expect, test } from "vitest";
import { SplitClock } from "./split-clock.ts";

function clocksOf(clock: SplitClock, ...times: readonly number[]): number[] {
  return [...clock.advance(Float64Array.from(times), times.length).subarray(0, times.length)];
}

test("a row's clock is the largest time so far, itself included, minus the bound and 1 µs", () => {
  const clock = new SplitClock(10);
  expect(clocksOf(clock, 100, 90, 130, 120)).toEqual([89, 89, 119, 119]);
});

test("the clocks of rows do not depend on how the log is cut into batches", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.nat(5), (times, size) => {
      const whole = clocksOf(new SplitClock(7), ...times);
      const cut = new SplitClock(7);
      const parts: number[] = [];
      for (let at = 0; at < times.length; at += size + 1) {
        parts.push(...clocksOf(cut, ...times.slice(at, at + size + 1)));
      }
      expect(parts).toEqual(whole);
    }),
  );
});

test("a mark lifts the clock of the rows behind it, and only upwards", () => {
  const clock = new SplitClock(0);
  clocksOf(clock, 11);
  expect(clock.mark(50)).toBe(true);
  expect(clock.mark(40)).toBe(false);
  expect(clocksOf(clock, 20, 60)).toEqual([50, 59]);
});

test("a split goes on from its record as if it had never stopped", () => {
  const before = new SplitClock(5);
  clocksOf(before, 10, 30);
  const after = new SplitClock(5, {
    source: "s",
    split: "a",
    timeMax: before.timeMax,
    clock: before.clock,
    lift: null,
    status: "live",
  });
  expect(clocksOf(after, 20)).toEqual(clocksOf(before, 20));
});
