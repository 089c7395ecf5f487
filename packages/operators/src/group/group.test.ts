import { BATCH_ROWS_MAX, BEGINNING, t, type Operator, type Shape } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import { MemoryStateStore } from "@df/core/state/store";
import { openOperator, type HarnessOptions, type OperatorHarness } from "@df/testing";
import { expect, test } from "vitest";
import { count } from "../aggregates/count/count.ts";
import { max } from "../aggregates/min-max/min-max.ts";
import { sum } from "../aggregates/sum/sum.ts";
import { where } from "../aggregates/where/where.ts";
import { group, type GroupOptions } from "./group.ts";
import { dear, SALE } from "./naive.testing.ts";

const options: GroupOptions = {
  by: ["shop"],
  aggregates: [
    { name: "sales", spec: count() },
    { name: "cents", spec: sum("cents") },
  ],
};

function opened(change: Shape["change"] = "append", harness: HarnessOptions = {}): OperatorHarness {
  return openOperator(group(options), [{ schema: SALE, change, key: [] }], harness);
}

/** The operator without a harness. */
function bare(): Operator {
  const input: Shape = { schema: SALE, change: "append", key: [], timed: false };
  const spec = group(options);
  return spec.open({
    nodeId: "node",
    shard: 0,
    inputs: [input],
    outputs: spec.outputs([input]),
    state: new MemoryStateStore(),
    clock: BEGINNING,
    generate: false,
    count: () => {},
    countLatePartial: () => {},
    reject: () => {},
  });
}

function sale(shop: string | null, cents = 1) {
  return { shop, day: 1, cents, weight: 0, label: null };
}

/** Diff, shop and number of sales of what was put out. */
function shown(harness: OperatorHarness): unknown[] {
  return harness.output().map(({ row, diff }) => [diff, row["shop"], row["sales"]]);
}

test("a group is given once per flush, however many of its rows came, and only if some came", () => {
  const harness = opened();
  harness.push([sale("a"), sale("b"), sale("a")]);
  harness.push([sale("a")]);
  expect(harness.output()).toEqual([]);
  harness.flush();
  harness.push([sale("b")]);
  harness.flush();
  harness.flush();
  expect(shown(harness)).toEqual([
    [1, "a", 3],
    [1, "b", 1],
    [1, "b", 2],
  ]);
});

test("results have no event time, and the clock passes unchanged", () => {
  const Timed = t.row({ shop: t.string(), cents: t.int(), at: t.timestamp() });
  const harness = openOperator(group(options), [{ schema: Timed.schema, time: "at", boundMicros: 0 }]);
  expect(harness.outputs[0]).toMatchObject({ change: "upsert", key: ["shop"], timed: false });
  harness.push([{ shop: "a", cents: 1, at: 1 }]);
  harness.clock(500);
  harness.flush();
  expect(harness.clockOut).toBe(500);
  expect(harness.output().map(({ time, clock }) => [time, clock])).toEqual([[BEGINNING, BEGINNING]]);
});

test("a group that lost all of its rows is deleted by its key alone, and frees its state", () => {
  const harness = opened("retract");
  harness.push([sale("a"), sale(null)]);
  harness.flush();
  harness.take();
  harness.pushLog([{ row: sale(null), diff: -1 }]);
  harness.flush();
  expect(harness.output().map(({ row, diff }) => [diff, row])).toEqual([[-1, { shop: null }]]);
  expect(harness.stateRows()).toBe(1);
});

test("a group that came and went between two flushes says nothing and leaves nothing", () => {
  const harness = opened("retract");
  harness.pushLog([{ row: sale("a") }, { row: sale("a"), diff: -1 }]);
  harness.flush();
  expect(harness.output()).toEqual([]);
  expect(harness.stateRows()).toBe(0);
});

test("a group that was deleted comes back with what came since, and can be deleted again", () => {
  const harness = opened("retract");
  for (const cents of [5, 7]) {
    harness.push([sale("a", cents)]);
    harness.flush();
    harness.pushLog([{ row: sale("a", cents), diff: -1 }]);
    harness.flush();
  }
  expect(harness.output().map(({ row, diff }) => [diff, row["cents"]])).toEqual([
    [1, 5],
    [-1, undefined],
    [1, 7],
    [-1, undefined],
  ]);
});

test("a group that lost all rows and got others before the flush is an update", () => {
  const harness = opened("retract");
  harness.push([sale("a", 5)]);
  harness.flush();
  harness.take();
  harness.pushLog([{ row: sale("a", 5), diff: -1 }, { row: sale("a", 2) }]);
  harness.flush();
  expect(harness.take()).toEqual([{ shop: "a", sales: 1, cents: 2 }]);
});

test("more groups than a batch has rows come in several batches, also to a full output", () => {
  for (const full of [false, true]) {
    const harness = opened("retract", { full });
    const many = Array.from({ length: BATCH_ROWS_MAX }, (_, n) => n);
    harness.push(many.map((n) => sale(`a${n}`)));
    harness.push(many.slice(0, 10).map((n) => sale(`b${n}`)));
    harness.flush();
    expect(harness.batchLengths()).toEqual([BATCH_ROWS_MAX, 10]);
    harness.pushLog(many.map((n) => ({ row: sale(`a${n}`), diff: -1 })));
    harness.flush();
    expect(harness.stateRows()).toBe(10);
  }
});

test("a restart goes on where the last checkpoint was", () => {
  const harness = opened("retract");
  harness.push([sale("a", 5), sale("b", 1)]);
  harness.snapshot();
  const restored = harness.restored();
  restored.pushLog([{ row: sale("b", 1), diff: -1 }, { row: sale("a", 1) }]);
  restored.flush();
  expect(shown(restored).slice(2)).toEqual([
    [-1, "b", undefined],
    [1, "a", 2],
  ]);
});

test("how many groups there are is shown", () => {
  const operator = bare();
  operator.onBatch(batchOf(SALE, [sale("a"), sale("b"), sale("a")]), 0, () => "ok");
  expect(operator.gauges?.()).toEqual({ groups: 2 });
});

test("a condition's columns are read along with those of groups and aggregates", () => {
  const spec = group({ by: ["shop"], aggregates: [{ name: "dear", spec: where(dear, max("label")) }] });
  expect([...(spec.needs([new Set()], [SALE])[0] ?? [])]).toEqual(["shop", "label", "cents"]);
});

test("what cannot be grouped is refused when the graph is built, with the way on", () => {
  const input: Shape = { schema: SALE, change: "append", key: [], timed: false };
  const extremes = [{ name: "top", spec: max("cents") }];
  expect(() => group({ by: [], aggregates: [] })).toThrow("DF_KEY");
  expect(() => group(options).outputs([{ ...input, change: "upsert", key: ["shop"] }])).toThrow(
    /\.changelog\(\).*\[DF_NEEDS_CHANGELOG\]/,
  );
  expect(() =>
    group({ by: ["shop"], aggregates: extremes }).outputs([{ ...input, change: "retract" }]),
  ).toThrow(/"top" \(max\).*\[DF_RETRACTABLE\]/);
  expect(() =>
    group({ by: ["shop"], aggregates: [{ name: "shop", spec: count() }] }).outputs([input]),
  ).toThrow(/two columns "shop".*\[DF_COLUMN_TWICE\]/);
  expect(() => group({ by: ["town"], aggregates: extremes }).outputs([input])).toThrow("DF_NO_COLUMN");
});
