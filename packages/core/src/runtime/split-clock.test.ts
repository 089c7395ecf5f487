import fc from "fast-check";
import { expect, test } from "vitest";
import type { SplitRecord } from "../checkpoint/records.ts";
import { SplitClock } from "./split-clock.ts";

const ended: SplitRecord = {
  source: "s",
  split: "a",
  timeMax: null,
  clock: null,
  lift: null,
  status: "ended",
};

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

test("a split that speaks again has the clock that was reached, unless its own is higher", () => {
  const clock = new SplitClock(0);
  clocksOf(clock, 11);
  clock.status = "idle";
  expect(clock.speak(() => 50)).toBe(50);
  clock.status = "idle";
  expect(clock.speak(() => 40)).toBeUndefined();
  expect(clocksOf(clock, 20, 60)).toEqual([50, 59]);
});

test("the rows of a live split get no mark", () => {
  const clock = new SplitClock(0);
  expect(clock.speak(() => 50)).toBeUndefined();
  expect(clocksOf(clock, 11)).toEqual([10]);
});

test("a split that had ended counts as live at a restart, until it has said that it has nothing new", () => {
  const clock = new SplitClock(0, { ...ended, clock: 10, timeMax: 11 });
  clock.restart(50);
  expect(clock.counted).toEqual({ clock: 50, status: "live" });
  clock.hasNothing();
  expect(clock.counted).toMatchObject({ clock: 10, status: "ended" });
});

test("a split that has grown goes on at what was reached at the restart, whatever others have reached since", () => {
  const clock = new SplitClock(0, ended);
  clock.restart(50);
  expect(clock.speak(() => 90)).toBe(50);
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
