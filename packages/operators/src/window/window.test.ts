import { BATCH_ROWS_MAX, BEGINNING, t, type Shape, type StateTable } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import { MemoryStateStore } from "@df/core/state/store";
import { openOperator, type OperatorHarness, type PlainRow } from "@df/testing";
import { expect, test } from "vitest";
import { count } from "../aggregates/count/count.ts";
import { max } from "../aggregates/min-max/min-max.ts";
import { sum } from "../aggregates/sum/sum.ts";
import type { WindowOptions } from "./options.ts";
import { window } from "./window.ts";

const Sale = t.row({ shop: t.string(), cents: t.int(), at: t.timestamp() });
const MS = 1000;

const options = {
  by: ["shop"],
  window: { kind: "tumbling", sizeMicros: 10 * MS, offsetMicros: 0 },
  aggregates: [
    { name: "sales", spec: count() },
    { name: "cents", spec: sum("cents") },
  ],
  allowedLatenessMicros: 0,
  emit: "final",
} satisfies WindowOptions;

/** A window over rows that an operator made: they are never late. */
function opened(changes: Partial<WindowOptions> = {}, change: Shape["change"] = "append"): OperatorHarness {
  return openOperator(window({ ...options, ...changes }), [
    { schema: Sale.schema, time: "at", change, made: true },
  ]);
}

function sale(shop: string, at: number, cents = 1): PlainRow {
  return { shop, cents, at };
}

function shown(harness: OperatorHarness): unknown[] {
  return harness.output().map(({ row, diff }) => [diff, row["shop"], row["windowStart"], row["sales"]]);
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
    { schema: Sale.schema, time: "at", boundMicros: 0 },
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
  const store = new MemoryStateStore();
  const tables: StateTable[] = [];
  const spec = window({ ...options, allowedLatenessMicros: 13 * MS });
  const inputs: Shape[] = [{ schema: Sale.schema, change: "append", key: [], timed: true }];
  const operator = spec.open({
    nodeId: "node",
    shard: 0,
    inputs,
    outputs: spec.outputs(inputs),
    state: {
      table: (name, tableSpec) => {
        const table = store.table(name, tableSpec);
        tables.push(table);
        return table;
      },
    },
    clock: BEGINNING,
    generate: false,
    count: () => {},
    countLatePartial: () => {},
    reject: () => {},
  });
  operator.onBatch(batchOf(Sale.schema, [sale("a", 1), sale("b", 11)], { times: "at" }), 0, () => "ok");
  const sizes = [10 * MS, 23 * MS - 2, 23 * MS - 1, 33 * MS - 2, 33 * MS - 1].map((clock) => {
    operator.onClock?.(clock, () => "ok");
    return tables[0]?.size;
  });
  expect(sizes).toEqual([2, 2, 1, 1, 0]);
});

test("a window of more groups than a batch has rows comes in several batches, also to a full output", () => {
  for (const full of [false, true]) {
    const harness = openOperator(window(options), [{ schema: Sale.schema, time: "at", made: true }], {
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
  const input: Shape = { schema: Sale.schema, change: "append", key: [], timed: true };
  const [once, late] = window(options).outputs([input]);
  expect([once?.change, once?.key, once?.timed]).toEqual(["append", [], true]);
  expect([late?.change, late?.timed, late?.schema.fields.at(-1)?.name]).toEqual(["append", false, "lateBy"]);
  expect(window(options).label).toBe("identical");
  for (const changes of [{ allowedLatenessMicros: 1 }, { emit: "onUpdate" as const }]) {
    const spec = window({ ...options, ...changes });
    const [result] = spec.outputs([input]);
    expect([result?.change, result?.key, spec.label]).toEqual([
      "upsert",
      ["shop", "windowStart"],
      "convergent",
    ]);
  }
});

test("a window needs its groups, its aggregates' columns, and what late rows are wanted for", () => {
  const spec = window({ ...options, aggregates: options.aggregates.slice(0, 1) });
  expect(spec.needs([new Set(["sales"]), new Set()], [Sale.schema])).toEqual([new Set(["shop"])]);
  expect(spec.needs([new Set(), new Set(["at", "lateBy"])], [Sale.schema])).toEqual([
    new Set(["shop", "at"]),
  ]);
  expect(window(options).exchanges).toEqual([{ keyBy: ["shop"] }]);
  expect(window({ ...options, by: [] }).exchanges).toEqual(["single"]);
});

test("what a window cannot take is refused when the graph is built", () => {
  const input: Shape = { schema: Sale.schema, change: "append", key: [], timed: true };
  const spec = window(options);
  expect(() => spec.outputs([{ ...input, timed: false }])).toThrow("DF_NO_EVENT_TIME");
  expect(() => spec.outputs([{ ...input, change: "upsert", key: ["shop"] }])).toThrow("DF_NEEDS_CHANGELOG");
  const most = window({ ...options, aggregates: [{ name: "most", spec: max("cents") }] });
  expect(() => most.outputs([{ ...input, change: "retract" }])).toThrow(/"most" \(max\).*\[DF_RETRACTABLE\]/);
  const twice = window({ ...options, aggregates: [{ name: "windowEnd", spec: count() }] });
  expect(() => twice.outputs([input])).toThrow(/"windowEnd".*\[DF_COLUMN_TWICE\]/);
  expect(() => window({ ...options, by: ["town"] }).outputs([input])).toThrow("DF_NO_COLUMN");
  for (const sizeMicros of [0, 1.5, Number.NaN]) {
    expect(() => window({ ...options, window: { ...options.window, sizeMicros } })).toThrow("DF_WINDOW");
  }
  expect(() => window({ ...options, allowedLatenessMicros: -1 })).toThrow("DF_WINDOW");
});
