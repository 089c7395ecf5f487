import { openOperator, type OperatorHarness } from "@df/testing";
import { expect, test } from "vitest";
import { max } from "../aggregates/min-max/min-max.ts";
import { CLICK, click, many, MS, options, pushAll, shown } from "./clicks.testing.ts";
import type { SessionOptions } from "./options.ts";
import { session } from "./session.ts";

/** Sessions of rows that an operator made: they are never late. */
function opened(changes: Partial<SessionOptions> = {}, full = false): OperatorHarness {
  const input = { schema: CLICK, time: "at", made: true };
  return openOperator(session({ ...options, ...changes }), [input], { full });
}

const late = { allowedLatenessMicros: 50 * MS };

test("a session that was shown is taken back when it grows, once per flush, with the new row behind it", () => {
  const harness = opened({ ...late, emit: "onUpdate" });
  harness.push([click("a", 0)]);
  harness.flush();
  harness.push([click("a", 5)]);
  harness.push([click("a", 7), click("a", -3)]);
  harness.flush();
  harness.flush();
  expect(shown(harness)).toEqual([
    [1, "a", 0, 10, 1],
    [-1, "a", 0, 10, 1],
    [1, "a", -3, 17, 4],
  ]);
  expect(harness.output().map(({ time }) => time)).toEqual([10 * MS - 1, 10 * MS - 1, 17 * MS - 1]);
});

test("two sessions that were shown are taken back when a row makes them one", () => {
  const harness = opened(late);
  harness.push([click("a", 0), click("a", 20), click("b", 20)]);
  harness.clock(30 * MS);
  harness.push([click("a", 10)]);
  harness.flush();
  expect(shown(harness, 3)).toEqual([
    [-1, "a", 20, 30, 1],
    [-1, "a", 0, 10, 1],
    [1, "a", 0, 30, 3],
  ]);
});

test("a session that changed and then became part of another one is taken back as it was shown", () => {
  const harness = opened({ emit: "onUpdate" });
  harness.push([click("a", 0), click("a", 20)]);
  harness.flush();
  harness.push([click("a", 25)]);
  harness.push([click("a", 10)]);
  harness.flush();
  harness.push([click("a", 50)]);
  harness.flush();
  expect(shown(harness, 2)).toEqual([
    [-1, "a", 20, 30, 1],
    [-1, "a", 0, 10, 1],
    [1, "a", 0, 35, 4],
    [1, "a", 50, 60, 1],
  ]);
});

test("a final session that grows and is open again is taken back at once, and given when it is over", () => {
  const harness = opened(late);
  harness.push([click("a", 0)]);
  harness.clock(12 * MS);
  harness.push([click("a", 9)]);
  harness.flush();
  expect(shown(harness)).toEqual([
    [1, "a", 0, 10, 1],
    [-1, "a", 0, 10, 1],
  ]);
  harness.clock(19 * MS - 1);
  expect(shown(harness, 2)).toEqual([]);
  harness.clock(19 * MS);
  expect(shown(harness, 2)).toEqual([[1, "a", 0, 19, 2]]);
});

test("a late row that makes a session which is over at once is given with the next flush", () => {
  const harness = opened(late);
  harness.clock(30 * MS);
  harness.push([click("a", 5)], 0);
  harness.flush();
  expect(shown(harness)).toEqual([[1, "a", 5, 15, 1]]);
});

test("a session whose row would be the same is not given again", () => {
  const harness = opened({ emit: "onUpdate", aggregates: [{ name: "most", spec: max("n") }] });
  harness.push([click("a", 0), click("a", 5, 9)]);
  harness.flush();
  harness.push([click("a", 3, 8)]);
  harness.flush();
  expect(harness.output()).toHaveLength(1);
});

test("with onUpdate changes wait for the flush, but not until their rows would be behind the clock", () => {
  const harness = opened({ emit: "onUpdate" });
  harness.push([click("a", 0)]);
  harness.flush();
  harness.push([click("a", 8)]);
  harness.clock(9 * MS);
  expect(shown(harness, 1)).toEqual([]);
  // The old row is one of 9.999 ms: the clock that is handed on would pass it.
  harness.clock(12 * MS);
  expect(shown(harness, 1)).toEqual([
    [-1, "a", 0, 10, 1],
    [1, "a", 0, 18, 2],
  ]);
});

test("what was shown survives a restart, and sessions are joined across it", () => {
  const before = opened(late);
  before.push([click("a", 20), click("a", 0), click("a", 40)]);
  before.clock(35 * MS);
  before.snapshot();
  const harness = before.restored();
  harness.push([click("a", 10)]);
  harness.flush();
  expect(shown(harness, 2)).toEqual([
    [-1, "a", 20, 30, 1],
    [-1, "a", 0, 10, 1],
    [1, "a", 0, 30, 3],
  ]);
  harness.clock(50 * MS);
  expect(shown(harness, 5)).toEqual([[1, "a", 40, 50, 1]]);
});

test("more corrections than a batch has rows come in several batches, with both halves in one", () => {
  for (const full of [false, true]) {
    const harness = opened({ emit: "onUpdate" }, full);
    pushAll(harness, 1);
    harness.flush();
    pushAll(harness, 2);
    harness.flush();
    const halves = harness.output().slice(many.length);
    expect(halves.map(({ row, diff }) => [diff, row["user"], row["clicks"]])).toEqual(
      many.flatMap((user) => [
        [-1, user, 1],
        [1, user, 2],
      ]),
    );
  }
});
