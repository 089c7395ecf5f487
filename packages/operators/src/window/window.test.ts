import { BATCH_ROWS_MAX, BEGINNING, type Shape } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import { openOperator, type OperatorHarness } from "@df/testing";
import { expect, test } from "vitest";
import { count } from "../aggregates/count/count.ts";
import { max } from "../aggregates/min-max/min-max.ts";
import type { WindowOptions } from "./options.ts";
import { bareWindow, INPUT, MS, SALE, sale, salesIn, shown } from "./sales.testing.ts";
import { window } from "./window.ts";

const options = salesIn({ kind: "tumbling", sizeMicros: 10 * MS, offsetMicros: 0 });

/** Windows over rows that an operator made: they are never late. */
function opened(changes: Partial<WindowOptions> = {}, change: Shape["change"] = "append"): OperatorHarness {
  return openOperator(window({ ...options, ...changes }), [{ schema: SALE, time: "at", change, made: true }]);
}

test("a window holds its start and not its end, also before 1970 and with an offset", () => {
  const harness = opened({ window: { kind: "tumbling", sizeMicros: 10 * MS, offsetMicros: 3 * MS } });
  harness.push([-17, -7.001, -7, 2.999, 3, 12.999, 13].map((at) => sale("a", at)));
  harness.end();
  expect(harness.take().map((row) => [row["windowStart"], row["windowEnd"], row["sales"]])).toEqual([
    [-17, -7, 2],
    [-7, 3, 2],
    [3, 13, 2],
    [13, 23, 1],
  ]);
});

test("a window closes one microsecond before its end, not earlier", () => {
  const harness = opened();
  harness.push([sale("a", 4)]);
  harness.clock(10 * MS - 2);
  expect(harness.take()).toEqual([]);
  harness.clock(10 * MS - 1);
  expect(harness.output().map(({ time, clock }) => [time, clock])).toEqual([[10 * MS - 1, BEGINNING]]);
  expect(harness.take()).toEqual([{ shop: "a", windowStart: 0, windowEnd: 10, sales: 1, cents: 1 }]);
});

test("a row is late by its own clock alone, and says by how much", () => {
  const harness = openOperator(window({ ...options, allowedLatenessMicros: 5 * MS }), [
    { schema: SALE, time: "at", boundMicros: 0 },
  ]);
  // The clock of a row is its split's highest time less 1 µs: the window [0, 10) takes rows until 15.
  harness.push([sale("a", 14.999), sale("a", 1), sale("a", 15), sale("a", 2)]);
  expect(harness.take(1)).toEqual([{ shop: "a", cents: 1, at: 2, lateBy: 12.999 }]);
  expect([harness.count("folded"), harness.count("late")]).toEqual([3, 1]);
});

test("groups of a window come in canonical order of their keys, windows in order of time", () => {
  const harness = opened();
  harness.push([sale("b", 11), sale("é", 1), sale("b", 1), sale("a", 12), sale("", 2)]);
  harness.end();
  expect(harness.take().map((row) => [row["windowStart"], row["shop"]])).toEqual([
    [0, ""],
    [0, "b"],
    [0, "é"],
    [10, "a"],
    [10, "b"],
  ]);
});

test("corrections of a closed window come once per flush, with what all of them gave", () => {
  const harness = opened({ allowedLatenessMicros: 50 * MS });
  harness.push([sale("a", 1), sale("b", 1)]);
  harness.clock(20 * MS);
  harness.push([sale("a", 2)]);
  harness.push([sale("a", 3), sale("a", 25)]);
  expect(shown(harness)).toEqual([
    [1, "a", 0, 1],
    [1, "b", 0, 1],
  ]);
  harness.flush();
  harness.flush();
  expect(shown(harness).slice(2)).toEqual([[1, "a", 0, 3]]);
});

test("corrections are given before the clock moves on", () => {
  const harness = opened({ allowedLatenessMicros: 10 * MS });
  harness.push([sale("a", 1)]);
  harness.clock(12 * MS);
  harness.push([sale("a", 2)]);
  harness.clock(40 * MS);
  expect(shown(harness)).toEqual([
    [1, "a", 0, 1],
    [1, "a", 0, 2],
  ]);
  expect(harness.clockOut).toBe(30 * MS);
});

test("with onUpdate each touched group comes once per flush, also from windows that are open", () => {
  const harness = opened({ emit: "onUpdate" });
  harness.push([sale("a", 1), sale("b", 2), sale("a", 3)]);
  harness.flush();
  harness.push([sale("b", 12), sale("b", 4)]);
  harness.flush();
  expect(shown(harness)).toEqual([
    [1, "a", 0, 2],
    [1, "b", 0, 1],
    [1, "b", 0, 2],
    [1, "b", 10, 1],
  ]);
});

test("with onUpdate a window's last changes come before it is dropped, others wait for the flush", () => {
  const harness = opened({ emit: "onUpdate" });
  harness.push([sale("a", 1), sale("a", 11)]);
  harness.clock(10 * MS);
  expect(shown(harness)).toEqual([[1, "a", 0, 1]]);
  harness.flush();
  expect(shown(harness).slice(1)).toEqual([[1, "a", 10, 1]]);
});

test("a group that loses its last row is deleted if it was given, and comes back with a new one", () => {
  const harness = opened({ emit: "onUpdate" }, "retract");
  const row = sale("a", 1, 7);
  harness.pushLog([{ row }]);
  harness.flush();
  harness.pushLog([{ row, diff: -1 }, { row: sale("b", 1) }, { row: sale("b", 1), diff: -1 }]);
  harness.flush();
  harness.pushLog([{ row: sale("a", 2, 3) }]);
  harness.flush();
  expect(harness.output().map(({ row: result, diff }) => [diff, result])).toEqual([
    [1, { shop: "a", windowStart: 0, windowEnd: 10, sales: 1, cents: 7 }],
    [-1, { shop: "a", windowStart: 0 }],
    [1, { shop: "a", windowStart: 0, windowEnd: 10, sales: 1, cents: 3 }],
  ]);
});

test("a closed window does not fire again after a restart, and still takes corrections", () => {
  const before = opened({ allowedLatenessMicros: 50 * MS });
  before.push([sale("a", 1)]);
  before.clock(20 * MS);
  before.snapshot();
  const harness = before.restored();
  harness.clock(30 * MS);
  expect(shown(harness)).toEqual([[1, "a", 0, 1]]);
  harness.push([sale("a", 2)]);
  harness.flush();
  expect(shown(harness).slice(1)).toEqual([[1, "a", 0, 2]]);
});

test("that a group was given survives a restart: its delete comes if it loses its rows after it", () => {
  const before = opened({ allowedLatenessMicros: 50 * MS }, "retract");
  before.pushLog([{ row: sale("a", 1) }]);
  before.snapshot();
  before.clock(20 * MS);
  before.snapshot();
  const harness = before.restored();
  harness.pushLog([{ row: sale("a", 1), diff: -1 }]);
  harness.flush();
  expect(harness.output().map(({ diff }) => diff)).toEqual([1, -1]);
});

test("a window's state is dropped when the clock reaches its end and the allowed lateness, not before", () => {
  const { operator, tables } = bareWindow({ ...options, allowedLatenessMicros: 13 * MS });
  operator.onBatch(batchOf(SALE, [sale("a", 1), sale("b", 11)], { times: "at" }), 0, () => "ok");
  const sizes = [10 * MS, 23 * MS - 2, 23 * MS - 1, 33 * MS - 2, 33 * MS - 1].map((clock) => {
    operator.onClock?.(clock, () => "ok");
    return tables[0]?.size;
  });
  expect(sizes).toEqual([2, 2, 1, 1, 0]);
});

test("a window of more groups than a batch has rows comes in several batches, also to a full output", () => {
  for (const full of [false, true]) {
    const harness = openOperator(window(options), [{ schema: SALE, time: "at", made: true }], {
      full,
    });
    for (let from = 0; from < 10_000; from += 2500) {
      harness.push(Array.from({ length: 2500 }, (_, i) => sale(String(from + i).padStart(5, "0"), 1)));
    }
    harness.end();
    const shops = harness.take().map((row) => row["shop"]);
    expect(shops).toEqual(Array.from({ length: 10_000 }, (_, i) => String(i).padStart(5, "0")));
    expect(shops.length).toBeGreaterThan(2 * BATCH_ROWS_MAX);
  }
});

test("a result that is given once appends; any other is an upsert by group and window start", () => {
  const [once, late] = window(options).outputs([INPUT]);
  expect([once?.change, once?.key, once?.timed]).toEqual(["append", [], true]);
  expect([late?.change, late?.timed, late?.schema.fields.at(-1)?.name]).toEqual(["append", false, "lateBy"]);
  expect(window(options).label).toBe("identical");
  for (const changes of [{ allowedLatenessMicros: 1 }, { emit: "onUpdate" as const }]) {
    const spec = window({ ...options, ...changes });
    const [result] = spec.outputs([INPUT]);
    expect([result?.change, result?.key, spec.label]).toEqual([
      "upsert",
      ["shop", "windowStart"],
      "convergent",
    ]);
  }
});

test("a window needs its groups, its aggregates' columns, and what late rows are wanted for", () => {
  const spec = window({ ...options, aggregates: options.aggregates.slice(0, 1) });
  expect(spec.needs([new Set(["sales"]), new Set()], [SALE])).toEqual([new Set(["shop"])]);
  expect(spec.needs([new Set(), new Set(["at", "lateBy"])], [SALE])).toEqual([new Set(["shop", "at"])]);
  expect(window(options).exchanges).toEqual([{ keyBy: ["shop"] }]);
  expect(window({ ...options, by: [] }).exchanges).toEqual(["single"]);
});

test("what a window cannot take is refused when the graph is built", () => {
  const spec = window(options);
  expect(() => spec.outputs([{ ...INPUT, timed: false }])).toThrow("DF_NO_EVENT_TIME");
  expect(() => spec.outputs([{ ...INPUT, change: "upsert", key: ["shop"] }])).toThrow("DF_NEEDS_CHANGELOG");
  const most = window({ ...options, aggregates: [{ name: "most", spec: max("cents") }] });
  expect(() => most.outputs([{ ...INPUT, change: "retract" }])).toThrow(/"most" \(max\).*\[DF_RETRACTABLE\]/);
  const twice = window({ ...options, aggregates: [{ name: "windowEnd", spec: count() }] });
  expect(() => twice.outputs([INPUT])).toThrow(/"windowEnd".*\[DF_COLUMN_TWICE\]/);
  expect(() => window({ ...options, by: ["town"] }).outputs([INPUT])).toThrow("DF_NO_COLUMN");
  for (const sizeMicros of [0, 1.5, Number.NaN]) {
    expect(() => window({ ...options, window: { ...options.window, sizeMicros } })).toThrow("DF_WINDOW");
  }
  expect(() => window({ ...options, allowedLatenessMicros: -1 })).toThrow("DF_WINDOW");
});
