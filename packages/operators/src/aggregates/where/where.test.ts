import { DataflowError, t, type RowCondition } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import { openOperator, type HarnessOptions, type OperatorHarness } from "@df/testing";
import { expect, test } from "vitest";
import { group } from "../../group/group.ts";
import { window } from "../../window/window.ts";
import { count } from "../count/count.ts";
import { max } from "../min-max/min-max.ts";
import type { NamedAggregate } from "../named.ts";
import { sum } from "../sum/sum.ts";
import { where } from "./where.ts";

const Bid = t.row({ auction: t.string(), price: t.int(), at: t.timestamp() });
const cheap: RowCondition = { columns: ["price"], keep: (row) => Number(row["price"]) < 10 };

function grouped(aggregates: readonly NamedAggregate[], options: HarnessOptions = {}): OperatorHarness {
  return openOperator(group({ by: ["auction"], aggregates }), [{ schema: Bid.schema }], options);
}

function bids(...prices: readonly number[]) {
  return prices.map((price) => ({ auction: "a", price, at: price }));
}

test("only rows that the condition holds for are folded; without any the result is null, a count 0", () => {
  const harness = grouped([
    { name: "all", spec: count() },
    { name: "cheap", spec: where(cheap, count()) },
    { name: "spent", spec: where(cheap, sum("price")) },
  ]);
  harness.push(bids(10, 20));
  harness.flush();
  harness.push(bids(3, 30, 4));
  harness.flush();
  expect(harness.take()).toEqual([
    { auction: "a", all: 2, cheap: 0, spent: null },
    { auction: "a", all: 5, cheap: 2, spent: 7 },
  ]);
});

test("a result over chosen rows may be null, a count of them may not", () => {
  expect(where(cheap, sum("price")).output(Bid.schema, "x").nullable).toBe(true);
  expect(where(cheap, max("price")).output(Bid.schema, "x").nullable).toBe(true);
  expect(where(cheap, count()).output(Bid.schema, "x").nullable).toBe(false);
});

test("a condition runs once per row for all aggregates that have it", () => {
  const seen: unknown[] = [];
  const watching: RowCondition = { columns: ["price"], keep: (row) => seen.push(row) > 0 };
  const harness = grouped([
    { name: "n", spec: where(watching, count()) },
    { name: "top", spec: where(watching, max("price")) },
  ]);
  harness.push(bids(1, 2));
  expect(seen).toEqual([{ price: 1 }, { price: 2 }]);
});

test("a row that a condition throws on or has no boolean for is refused once, and is folded nowhere", () => {
  const odd: RowCondition = {
    columns: "all",
    keep: ({ price }) => {
      if (price === 1) throw new DataflowError("DF_MINE", "one");
      return price === 2 ? "yes" : true;
    },
  };
  const both = [
    { name: "cheap", spec: where(cheap, count()) },
    { name: "odd", spec: where(odd, sum("price")) },
    { name: "all", spec: count() },
  ];
  const harness = grouped(both);
  harness.push(bids(1, 30, 2, 5, 1, 3));
  harness.flush();
  expect(harness.take()).toEqual([{ auction: "a", cheap: 2, odd: 38, all: 3 }]);
  expect(harness.rejected.map(({ row, reason }) => [row["price"], reason])).toEqual([
    [1, expect.stringContaining("one")],
    [2, "The condition returned string, not a boolean."],
    [1, expect.stringContaining("one")],
  ]);
});

test("an answer that is no boolean refuses the row, in generated and in interpreted loops", () => {
  const promised: RowCondition = { columns: ["price"], keep: async ({ price }) => price === 1 };
  for (const generate of [true, false]) {
    const harness = grouped([{ name: "n", spec: where(promised, count()) }], { generate });
    harness.push(bids(1, 2));
    harness.flush();
    expect([harness.output(), harness.rejected.map(({ reason }) => reason)]).toEqual([
      [],
      Array.from({ length: 2 }, () => "The condition returned object, not a boolean."),
    ]);
  }
});

test("a batch of which every row is refused makes no group", () => {
  const never: RowCondition = {
    columns: [],
    keep: () => {
      throw new Error("never");
    },
  };
  const harness = grouped([
    { name: "never", spec: where(never, count()) },
    { name: "cheap", spec: where(cheap, count()) },
  ]);
  harness.push(bids(1, 2, 3));
  harness.flush();
  expect([harness.output(), harness.rejected.length, harness.stateRows()]).toEqual([[], 3, 0]);
});

test("where refused rows have no place, nothing of the batch is folded", () => {
  const picky: RowCondition = {
    columns: ["price"],
    keep: ({ price }) => {
      if (price === 3) throw new Error("three");
      return true;
    },
  };
  const harness = grouped([{ name: "n", spec: where(picky, count()) }], { stopOnReject: true });
  expect(() => harness.push(bids(1, 2, 3))).toThrow("DF_REJECTED");
  expect(harness.stateRows()).toBe(0);
});

test("windows that overlap count chosen rows in each of them, also where panes are joined", () => {
  for (const emit of ["final", "onUpdate"] as const) {
    const operator = window({
      by: [],
      window: { kind: "sliding", sizeMicros: 10_000, everyMicros: 5000, offsetMicros: 0 },
      aggregates: [
        { name: "bids", spec: count() },
        { name: "cheap", spec: where(cheap, count()) },
        { name: "most", spec: where(cheap, max("price")) },
      ],
      allowedLatenessMicros: 0,
      emit,
    });
    const harness = openOperator(operator, [{ schema: Bid.schema, time: "at", made: true }]);
    harness.push(bids(1, 2, 7, 12));
    harness.end();
    const results = harness.take().map((row) => [row["windowStart"], row["bids"], row["cheap"], row["most"]]);
    expect(results).toEqual([
      [-5, 2, 2, 2],
      [0, 3, 3, 7],
      [5, 2, 1, 7],
      [10, 1, 0, null],
    ]);
  }
});

test("a late row is asked before it is found late: what no condition can answer for is refused", () => {
  const picky: RowCondition = {
    columns: ["price"],
    keep: ({ price }) => {
      if (price === 2) throw new Error("two");
      return true;
    },
  };
  const operator = window({
    by: [],
    window: { kind: "tumbling", sizeMicros: 10_000, offsetMicros: 0 },
    aggregates: [{ name: "n", spec: where(picky, count()) }],
    allowedLatenessMicros: 0,
    emit: "final",
  });
  const harness = openOperator(operator, [{ schema: Bid.schema, time: "at", boundMicros: 0 }]);
  harness.push(bids(50, 1, 2, 3));
  expect(harness.take(1).map((row) => row["price"])).toEqual([1, 3]);
  expect(Object.fromEntries(harness.counts)).toEqual({ folded: 1, late: 2, quarantined: 1 });
});

test("which columns a condition reads is part of what the state means, and is read", () => {
  const spec = group({ by: ["auction"], aggregates: [{ name: "n", spec: where(cheap, count()) }] });
  expect(spec.options).toEqual({
    by: ["auction"],
    aggregates: [{ name: "n", aggregate: "count", column: null, options: {}, where: ["price"] }],
  });
  const whole = where({ ...cheap, columns: "all" }, count());
  const read = group({ by: ["auction"], aggregates: [{ name: "n", spec: whole }] });
  expect([...(read.needs([new Set()], [Bid.schema])[0] ?? [])]).toEqual(["auction", "price", "at"]);
});

test("a batch is accepted where each row has an answer, whatever it is", () => {
  const short: RowCondition = {
    columns: ["price"],
    keep: ({ price }) => (price === 7 ? undefined : price === 1),
  };
  const spec = group({ by: ["auction"], aggregates: [{ name: "n", spec: where(short, count()) }] });
  const input = { schema: Bid.schema, change: "append", key: [], timed: false } as const;
  for (const generate of [true, false]) {
    const asked = spec.accepts?.({ inputs: [input], generate });
    expect(asked?.(batchOf(Bid.schema, bids(1, 2, 3)))).toBe(true);
    expect(asked?.(batchOf(Bid.schema, bids(1, 7, 3)))).toBe(false);
  }
});
