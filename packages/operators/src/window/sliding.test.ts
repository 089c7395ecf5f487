import { BATCH_ROWS_MAX, t, type Shape } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import { openOperator, type OperatorHarness, type PlainRow } from "@df/testing";
import { expect, test } from "vitest";
import { defineAggregate } from "../aggregates/user-defined/user-defined.ts";
import type { WindowOptions } from "./options.ts";
import { bareWindow, INPUT, MS, SALE, sale, salesIn, shown } from "./sales.testing.ts";
import { window } from "./window.ts";
import type { SlidingWindow } from "../windowing/windowing.ts";

function sliding(size: number, every: number, offset = 0): SlidingWindow {
  return { kind: "sliding", sizeMicros: size * MS, everyMicros: every * MS, offsetMicros: offset * MS };
}

const options = salesIn(sliding(10, 5));

/** Windows over rows that an operator made: they are never late. */
function opened(changes: Partial<WindowOptions> = {}, change: Shape["change"] = "append"): OperatorHarness {
  return openOperator(window({ ...options, ...changes }), [{ schema: SALE, time: "at", change, made: true }]);
}

test("a row is in each window that holds its time, also before 1970 and with an offset", () => {
  const harness = opened({ window: sliding(10, 4, 1) });
  harness.push([-8, -7.001, 0.999, 1, 30].map((at) => sale("a", at)));
  harness.end();
  expect(harness.take().map((row) => [row["windowStart"], row["windowEnd"], row["sales"]])).toEqual([
    [-15, -5, 2],
    [-11, -1, 2],
    [-7, 3, 2],
    [-3, 7, 2],
    [1, 11, 1],
    [21, 31, 1],
    [25, 35, 1],
    [29, 39, 1],
  ]);
});

test("a window of several panes gives each group once, and fires when its end is reached", () => {
  const harness = opened();
  harness.push([sale("b", 1), sale("a", 6, 5), sale("a", 1, 2)]);
  harness.clock(10 * MS - 2);
  expect(harness.take().map((row) => row["windowStart"])).toEqual([-5, -5]);
  harness.clock(10 * MS - 1);
  expect(harness.take()).toEqual([
    { shop: "a", windowStart: 0, windowEnd: 10, sales: 2, cents: 7 },
    { shop: "b", windowStart: 0, windowEnd: 10, sales: 1, cents: 1 },
  ]);
  harness.clock(40 * MS);
  expect(shown(harness)).toEqual([[1, "a", 5, 1]]);
});

test("a window whose size is no multiple of the step fires at its end all the same", () => {
  const harness = opened({ window: sliding(10, 4) });
  harness.push([sale("a", 5)]);
  harness.clock(8 * MS);
  expect(shown(harness)).toEqual([[1, "a", -4, 1]]);
  harness.clock(10 * MS - 1);
  expect(shown(harness).slice(1)).toEqual([[1, "a", 0, 1]]);
});

test("a row that is late for its first window is missing there, though that window is still open, and not later", () => {
  const source = { schema: SALE, time: "at", boundMicros: 0 };
  const harness = openOperator(window(options), [source]);
  // Split 0 has shown 11: its clock is past the window [0, 10), which the operator's clock is not.
  harness.push([sale("a", 11), sale("a", 7)], 0, "0");
  harness.push([sale("a", 8)], 0, "1");
  harness.clock(8 * MS - 1);
  harness.end();
  expect(shown(harness)).toEqual([
    [1, "a", 0, 1],
    [1, "a", 5, 3],
    [1, "a", 10, 1],
  ]);
  expect([harness.count("folded"), harness.count("late"), harness.latePartial]).toEqual([3, 0, 1]);
});

test("a row that is late for all of its windows is given as late, once", () => {
  const harness = openOperator(window(options), [{ schema: SALE, time: "at", boundMicros: 0 }]);
  harness.push([sale("a", 14.999), sale("a", 7), sale("a", 15.001), sale("a", 4)]);
  expect(harness.take(1)).toEqual([{ shop: "a", cents: 1, at: 4, lateBy: 11 }]);
  expect([harness.count("folded"), harness.count("late"), harness.latePartial]).toEqual([3, 1, 1]);
});

test("the allowed lateness counts from the end of each window of a row", () => {
  const spec = window({ ...options, allowedLatenessMicros: 5 * MS });
  const harness = openOperator(spec, [{ schema: SALE, time: "at", boundMicros: 0 }]);
  // The clock is at 16.999: the window [0, 10) took rows until 15, [5, 15) does until 20.
  harness.push([sale("a", 17), sale("a", 7)]);
  harness.end();
  expect(shown(harness)).toEqual([
    [1, "a", 5, 1],
    [1, "a", 10, 1],
    [1, "a", 15, 1],
  ]);
  expect([harness.count("late"), harness.latePartial]).toEqual([0, 1]);
});

test("a late row corrects the windows that have fired once per flush, and joins those that have not", () => {
  const harness = opened({ allowedLatenessMicros: 20 * MS });
  harness.push([sale("a", 7)]);
  harness.clock(12 * MS);
  expect(shown(harness)).toEqual([[1, "a", 0, 1]]);
  harness.push([sale("a", 8), sale("b", 9)]);
  harness.push([sale("a", 9)]);
  harness.flush();
  harness.flush();
  expect(shown(harness).slice(1)).toEqual([
    [1, "a", 0, 3],
    [1, "b", 0, 1],
  ]);
  harness.clock(20 * MS);
  expect(shown(harness).slice(3)).toEqual([
    [1, "a", 5, 3],
    [1, "b", 5, 1],
  ]);
  expect(harness.clockOut).toBe(0);
});

test("with onUpdate each touched group and each of its windows come once per flush, also open ones", () => {
  const harness = opened({ emit: "onUpdate" });
  harness.push([sale("a", 6), sale("b", 2), sale("a", 7)]);
  harness.flush();
  harness.push([sale("b", 12)]);
  harness.flush();
  expect(shown(harness)).toEqual([
    [1, "b", -5, 1],
    [1, "a", 0, 2],
    [1, "b", 0, 1],
    [1, "a", 5, 2],
    [1, "b", 5, 1],
    [1, "b", 10, 1],
  ]);
});

test("a row taken back leaves the windows that have fired and those that have not", () => {
  const harness = opened({ allowedLatenessMicros: 20 * MS }, "retract");
  const row = sale("a", 7);
  harness.pushLog([{ row }]);
  harness.clock(12 * MS);
  harness.pushLog([{ row, diff: -1 }]);
  harness.clock(60 * MS);
  expect(harness.output().map(({ row: result, diff }) => [diff, result])).toEqual([
    [1, { shop: "a", windowStart: 0, windowEnd: 10, sales: 1, cents: 1 }],
    [-1, { shop: "a", windowStart: 0 }],
  ]);
});

test("a group is there as long as any pane has a row of it", () => {
  const harness = opened({}, "retract");
  const row = sale("a", 7);
  harness.pushLog([{ row: sale("a", 1) }, { row }, { row, diff: -1 }]);
  harness.end();
  expect(shown(harness)).toEqual([
    [1, "a", -5, 1],
    [1, "a", 0, 1],
  ]);
});

test("a window that has fired does not fire again after a restart, and panes of others are still there", () => {
  const before = opened({ allowedLatenessMicros: 50 * MS });
  before.push([sale("a", 7)]);
  before.clock(12 * MS);
  before.snapshot();
  const harness = before.restored();
  harness.push([sale("a", 8)]);
  harness.clock(30 * MS);
  expect(shown(harness)).toEqual([
    [1, "a", 0, 1],
    [1, "a", 0, 2],
    [1, "a", 5, 2],
  ]);
});

test("each row lies in one pane until its first window fires; what no window needs is dropped at once", () => {
  const { operator, tables } = bareWindow({ ...options, allowedLatenessMicros: 3 * MS });
  operator.onBatch(batchOf(SALE, [sale("a", 1), sale("b", 11)], { times: "at" }), 0, () => "ok");
  const clocks = [0, 5 * MS - 1, 8 * MS - 1, 10 * MS - 1, 13 * MS - 1, 15 * MS - 1, 18 * MS - 1, 20 * MS - 1];
  const sizes = clocks.map((clock) => {
    operator.onClock?.(clock, () => "ok");
    return tables[0]?.size;
  });
  // Beside the two panes: the windows −5 until 8, 0 until 13, 5 until 18, 10 until 23.
  expect(sizes).toEqual([2, 3, 2, 2, 1, 2, 1, 1]);
  operator.onClock?.(23 * MS - 1, () => "ok");
  expect(tables[0]?.panes()).toEqual([]);
});

test("windows of more groups than a batch has rows are joined whole, also with a full output", () => {
  for (const full of [false, true]) {
    const input = { schema: SALE, time: "at", made: true };
    const harness = openOperator(window(options), [input], { full });
    const shops = Array.from({ length: 10_000 }, (_, i) => String(i).padStart(5, "0"));
    for (const at of [1, 6]) {
      for (let from = 0; from < shops.length; from += 2500) {
        harness.push(shops.slice(from, from + 2500).map((shop) => sale(shop, at)));
      }
    }
    harness.end();
    const rows = harness.take();
    const of = (start: number): PlainRow[] => rows.filter((row) => row["windowStart"] === start);
    expect(of(0).map((row) => row["shop"])).toEqual(shops);
    expect([of(-5), of(0), of(5)].map((some) => new Set(some.map((row) => row["sales"])))).toEqual([
      new Set([1]),
      new Set([2]),
      new Set([1]),
    ]);
    expect(rows.length).toBe(30_000);
  }
});

test("open windows of panes are counted once for all groups, others per group", () => {
  const rows = [sale("a", 6), sale("b", 6), sale("b", 11)];
  const open = (changes: Partial<WindowOptions>): unknown => {
    const { operator } = bareWindow({ ...options, ...changes });
    operator.onBatch(batchOf(SALE, rows, { times: "at" }), 0, () => "ok");
    operator.onClock?.(10 * MS, () => "ok");
    return operator.gauges?.();
  };
  expect(open({})).toEqual({ windows: 2 });
  expect(open({ emit: "onUpdate" })).toEqual({ windows: 3 });
});

test("thousands of panes in thousands of windows each are counted in no time", () => {
  const panes = 39_999;
  const { operator } = bareWindow({ ...options, window: sliding(panes, 8) });
  for (let from = 0; from < panes; from += BATCH_ROWS_MAX) {
    const count = Math.min(BATCH_ROWS_MAX, panes - from);
    const rows = Array.from({ length: count }, (_, row) => sale("a", from + row));
    operator.onBatch(batchOf(SALE, rows, { times: "at" }), 0, () => "ok");
  }
  // Those that begin at −39992, −39984, … 39992.
  expect(operator.gauges?.()).toEqual({ windows: 9_999 });
  expect(operator.nextDue?.()).toBe((-39_992 + panes) * MS - 1);
});

test("an aggregate that cannot join partial results is refused, and steps that leave rows out", () => {
  const total = defineAggregate({
    value: t.int(),
    state: { n: t.int() },
    output: t.int(),
    init: () => ({ n: 0 }),
    add: ({ n }, value) => ({ n: n + value }),
    result: ({ n }) => n,
  });
  const aggregates = [{ name: "total", spec: total.on("cents") }];
  expect(() => window({ ...options, aggregates }).outputs([INPUT])).toThrow(/"total".*\[DF_NO_MERGE\]/);
  const tumbling = { kind: "tumbling", sizeMicros: 10 * MS, offsetMicros: 0 } as const;
  expect(() => window({ ...options, aggregates, window: tumbling }).outputs([INPUT])).not.toThrow();
  for (const [size, every] of [
    [10, 11],
    [10, 0],
    [10, -1],
    [100_001, 10],
  ] as const) {
    expect(() => window({ ...options, window: sliding(size, every) })).toThrow(/step.*\[DF_WINDOW\]/);
  }
  expect(() => window({ ...options, window: sliding(100_000, 10) })).not.toThrow();
});

test("results of sliding windows append if they are given once, else they are upserts by group and start", () => {
  const [once] = window(options).outputs([INPUT]);
  expect([once?.change, once?.key]).toEqual(["append", []]);
  const [live] = window({ ...options, emit: "onUpdate" }).outputs([INPUT]);
  expect([live?.change, live?.key]).toEqual(["upsert", ["shop", "windowStart"]]);
});
