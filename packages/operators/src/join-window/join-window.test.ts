import { BATCH_ROWS_MAX, BEGINNING, t, type Batch, type Schema, type Shape } from "@df/core";
import { batchOf, rowsOf } from "@df/core/batch/rows";
import { MemoryStateStore } from "@df/core/state/store";
import { openOperator, type OperatorHarness, type TestInput } from "@df/testing";
import { expect, test } from "vitest";
import { joinWindow } from "./join-window.ts";
import type { JoinWindowOptions } from "./options.ts";

/** Microseconds in a millisecond. */
const MS = 1000;
const PERSON = t.row({ id: t.int(), name: t.string().nullable(), at: t.timestamp() }).schema;
const AUCTION = t.row({ seller: t.int().nullable(), lot: t.int(), at: t.timestamp() }).schema;
const options: JoinWindowOptions = {
  on: [{ left: "id", right: "seller" }],
  window: { kind: "tumbling", sizeMicros: 10 * MS, offsetMicros: 0 },
  type: "inner",
  left: { name: "name" },
  right: { lot: "lot" },
  allowedLatenessMicros: 0,
};
const [LEFT, RIGHT] = [0, 1];

const person = (id: number, at: number, name: string | null = "Ann") => ({ id, name, at });
const auction = (seller: number | null, at: number, lot = 1) => ({ seller, lot, at });

/** A join of rows that operators made: they are never late. */
function opened(changes: Partial<JoinWindowOptions> = {}): OperatorHarness {
  const made = { time: "at", made: true } as const;
  return openOperator(joinWindow({ ...options, ...changes }), [
    { schema: PERSON, ...made },
    { schema: AUCTION, ...made },
  ]);
}

/** Name, lot and window of what was put out. */
function shown(harness: OperatorHarness): unknown[] {
  return harness.take().map((row) => [row["name"], row["lot"], row["windowStart"], row["windowEnd"]]);
}

function shape(schema: Schema, changes: Partial<Shape> = {}): Shape {
  return { schema, change: "append", key: [], timed: true, ...changes };
}

/** What the join says of its inputs when the graph is built. */
function outputsOf(
  changes: Partial<JoinWindowOptions>,
  left = shape(PERSON),
  right = shape(AUCTION),
): unknown {
  return joinWindow({ ...options, ...changes }).outputs([left, right]);
}

test("a window's pairs come when no row can change them any more, with the end of the window as their time", () => {
  const harness = opened({ allowedLatenessMicros: 5 * MS });
  harness.push([person(1, 3)], LEFT);
  harness.push([auction(1, 7)], RIGHT);
  harness.clock(15 * MS - 2);
  expect(harness.output()).toEqual([]);
  harness.clock(15 * MS - 1);
  expect(harness.output().map(({ time, clock }) => [time, clock])).toEqual([[10 * MS - 1, BEGINNING]]);
  expect(harness.clockOut).toBe(10 * MS - 1);
  expect(shown(harness)).toEqual([["Ann", 1, 0, 10]]);
});

test("rows of one key in two windows are no pair", () => {
  const harness = opened();
  harness.push([person(1, 9.999), person(1, -0.001)], LEFT);
  harness.push([auction(1, 10), auction(1, 0)], RIGHT);
  harness.end();
  expect(shown(harness)).toEqual([["Ann", 1, 0, 10]]);
});

test("a row is late by its own clock alone, and comes out at its side's port with the distance", () => {
  const inputs: TestInput[] = [PERSON, AUCTION].map((schema) => ({ schema, time: "at", boundMicros: 0 }));
  const harness = openOperator(joinWindow({ ...options, allowedLatenessMicros: 5 * MS }), inputs);
  // The clock of a row is its split's highest time less 1 µs: the window [0, 10) takes rows until 15.
  harness.push([person(1, 14.999), person(1, 1), person(1, 15), person(1, 2)], LEFT);
  harness.push([auction(1, 30), auction(1, 14), auction(1, 20)], RIGHT);
  expect(harness.take(1)).toEqual([{ ...person(1, 2), lateBy: 12.999 }]);
  expect(harness.take(2)).toEqual([{ ...auction(1, 14), lateBy: 15.999 }]);
  expect([harness.count("folded"), harness.count("late")]).toEqual([5, 2]);
});

test("a row that is late for some of its sliding windows counts in the others", () => {
  const window = { kind: "sliding", sizeMicros: 10 * MS, everyMicros: 5 * MS, offsetMicros: 0 } as const;
  const inputs: TestInput[] = [PERSON, AUCTION].map((schema) => ({ schema, time: "at", boundMicros: 0 }));
  const harness = openOperator(joinWindow({ ...options, window, type: "left" }), inputs);
  harness.push([person(1, 12, "Bo"), person(1, 7)], LEFT);
  expect(harness.latePartial).toBe(1);
  harness.end();
  expect(shown(harness)).toEqual([
    ["Ann", null, 5, 15],
    ["Bo", null, 5, 15],
    ["Bo", null, 10, 20],
  ]);
});

test("a null finds no partner: it is dropped at once, or alone where rows without one are shown", () => {
  const inner = opened();
  inner.push([auction(null, 1)], RIGHT);
  expect([inner.count("filtered"), inner.count("folded"), inner.stateRows()]).toEqual([1, 0, 0]);
  const both: TestInput[] = [AUCTION, AUCTION].map((schema) => ({ schema, time: "at", made: true }));
  const changes = { on: [{ left: "seller", right: "seller" }], left: { name: "lot" }, right: { lot: "lot" } };
  const full = openOperator(joinWindow({ ...options, ...changes, type: "full" }), both);
  full.push([auction(null, 1, 1), auction(5, 1, 2)], LEFT);
  full.push([auction(null, 1, 3), auction(5, 1, 4)], RIGHT);
  full.end();
  expect(shown(full)).toEqual([
    [1, null, 0, 10],
    [null, 3, 0, 10],
    [2, 4, 0, 10],
  ]);
});

test("pairs come in order of windows, keys and rows, whatever the order in which rows came", () => {
  const left = [
    person(2, 1, "b"),
    person(2, 11, "c"),
    person(1, 1, "z"),
    person(1, 2, "y"),
    person(2, 3, "a"),
  ];
  const right = [auction(2, 2, 7), auction(1, 2, 9), auction(2, 12, 8), auction(2, 2, 7), auction(1, 5, -1)];
  const runs = [left, left.toReversed()].map((rows) => {
    const harness = opened();
    for (const row of rows) harness.push([row], LEFT);
    harness.push(rows === left ? right : right.toReversed(), RIGHT);
    harness.end();
    return shown(harness).map((row) => (row as unknown[]).slice(0, 3));
  });
  expect(runs[0]).toEqual([
    ["y", -1, 0],
    ["y", 9, 0],
    ["z", -1, 0],
    ["z", 9, 0],
    ["a", 7, 0],
    ["a", 7, 0],
    ["b", 7, 0],
    ["b", 7, 0],
    ["c", 8, 10],
  ]);
  expect(runs[1]).toEqual(runs[0]);
});

test("a row without a partner leaves no trace in the pairs of the next window", () => {
  const harness = opened({ type: "left" });
  harness.push([person(1, 1, "alone"), person(1, 11, "paired"), person(2, 11, "alone")], LEFT);
  harness.push([auction(1, 12, 5)], RIGHT);
  harness.end();
  expect(shown(harness)).toEqual([
    ["alone", null, 0, 10],
    ["paired", 5, 10, 20],
    ["alone", null, 10, 20],
  ]);
});

test("the rows of a window are forgotten once its pairs are given", () => {
  const harness = opened({ type: "full" });
  harness.push([person(1, 1), person(2, 1), person(1, 11)], LEFT);
  harness.clock(10 * MS);
  expect([harness.output().length, harness.stateRows()]).toEqual([2, 1]);
  harness.end();
  expect([harness.output().length, harness.stateRows()]).toEqual([3, 0]);
});

test("more keys than a batch holds all come out, and so do more rows of one key", () => {
  const many = Array.from({ length: BATCH_ROWS_MAX }, (_, i) => i);
  const keys = opened({ type: "full" });
  keys.push(
    many.map((id) => person(id, 1)),
    LEFT,
  );
  keys.push(
    many.map((id) => auction(id + 1000, 1, id)),
    RIGHT,
  );
  keys.end();
  expect(keys.output()).toHaveLength(BATCH_ROWS_MAX + 1000);
  expect(keys.output().filter(({ row }) => row["lot"] === null)).toHaveLength(1000);
  const rows = opened({ type: "left" });
  for (let batch = 0; batch < 3; batch++)
    rows.push(
      many.map((i) => person(1, 1, `${batch} ${i}`)),
      LEFT,
    );
  rows.push([person(2, 1, "last")], LEFT);
  rows.end();
  expect(new Set(rows.output().map(({ row }) => row["name"])).size).toBe(3 * BATCH_ROWS_MAX + 1);
  expect(rows.batchLengths()).toEqual([BATCH_ROWS_MAX, BATCH_ROWS_MAX, BATCH_ROWS_MAX, 1]);
});

test("the pairs of a hot key come a batch at a time, however many there are", () => {
  const spec = joinWindow(options);
  const inputs = [shape(PERSON), shape(AUCTION)];
  const operator = spec.open({
    nodeId: "node",
    shard: 0,
    inputs,
    outputs: spec.outputs(inputs),
    state: new MemoryStateStore(),
    clock: BEGINNING,
    generate: false,
    count: () => {},
    countLatePartial: () => {},
    reject: () => {},
  });
  const seen: Batch[] = [];
  const out = (batch: Batch): "full" => {
    seen.push(batch);
    return "full";
  };
  for (let n = 0; n < 10_000; n += 2500) {
    const some = Array.from({ length: 2500 }, (_, i) => n + i);
    const times = { times: "at" };
    operator.onBatch(
      batchOf(
        PERSON,
        some.map((i) => person(1, 1, String(i))),
        times,
      ),
      LEFT,
      out,
    );
    operator.onBatch(
      batchOf(
        AUCTION,
        some.map((i) => auction(1, 1, i)),
        times,
      ),
      RIGHT,
      out,
    );
  }
  expect(operator.gauges?.()).toEqual({ windows: 1 });
  expect(operator.nextDue?.()).toBe(10 * MS - 1);
  expect(operator.onClock?.(10 * MS, out)).toBe("more");
  for (let calls = 1; calls < 5; calls++) expect(operator.resume?.(out)).toBe("more");
  const lots = seen.flatMap((batch) => rowsOf(batch).map((row) => row["lot"]));
  expect(lots).toHaveLength(5 * BATCH_ROWS_MAX);
  // 10,000 lots for the first name, then again for the second.
  expect(new Set(lots.slice(0, 10_000)).size).toBe(10_000);
  expect(lots.slice(10_000, 20_000)).toEqual(lots.slice(0, 10_000));
});

test("numbers are compared as in groups: NaN equals NaN, and −0 equals 0", () => {
  const schema = t.row({ x: t.float64(), name: t.string(), at: t.timestamp() }).schema;
  const inputs: TestInput[] = [0, 1].map(() => ({ schema, time: "at", made: true }));
  const changes = { on: [{ left: "x", right: "x" }], left: { name: "name" }, right: { lot: "name" } };
  const harness = openOperator(joinWindow({ ...options, ...changes }), inputs);
  harness.push(
    [Number.NaN, -0, 1].map((x, i) => ({ x, name: `left ${i}`, at: 1 })),
    LEFT,
  );
  harness.push(
    [0, 2, Number.NaN].map((x, i) => ({ x, name: `right ${i}`, at: 1 })),
    RIGHT,
  );
  harness.end();
  expect(shown(harness).map((row) => (row as unknown[]).slice(0, 2))).toEqual([
    ["left 1", "right 0"],
    ["left 0", "right 2"],
  ]);
});

test("columns of the side that may be missing can be null, others only if they could before", () => {
  const nullable = (type: JoinWindowOptions["type"]): unknown => {
    const left = { id: "id", name: "name" };
    const [result] = joinWindow({ ...options, type, left }).outputs([shape(PERSON), shape(AUCTION)]);
    return result?.schema.fields.map((field) => (field.nullable ? `${field.name}?` : field.name)).join(" ");
  };
  expect(nullable("inner")).toBe("id name? lot windowStart windowEnd");
  expect(nullable("left")).toBe("id name? lot? windowStart windowEnd");
  expect(nullable("right")).toBe("id? name? lot windowStart windowEnd");
  expect(nullable("full")).toBe("id? name? lot? windowStart windowEnd");
});

test("only the columns that are compared and shown are needed, and those of late rows that are wanted", () => {
  const needs = joinWindow({ ...options, left: {} }).needs(
    [new Set(["lot"]), new Set(["at", "lateBy"]), new Set()],
    [PERSON, AUCTION],
  );
  expect(needs).toEqual([new Set(["id", "at"]), new Set(["seller", "lot"])]);
});

test.each<[string, () => unknown, string[]]>([
  ["no columns", () => outputsOf({ on: [] }), ["DF_JOIN_ON", '{ on: { id: "seller" } }']],
  [
    "columns of two types",
    () => outputsOf({ on: [{ left: "id", right: "at" }] }),
    ["DF_JOIN_TYPE", '"id"', "int64", '"at"', "timestamp", ".map()"],
  ],
  [
    "a column that is not there",
    () => outputsOf({ on: [{ left: "it", right: "lot" }] }),
    ["DF_NO_COLUMN", '"it"'],
  ],
  ["a shown column that is not there", () => outputsOf({ right: { x: "y" } }), ["DF_NO_COLUMN", '"y"']],
  ["two columns of one name", () => outputsOf({ left: { lot: "name" } }), ["DF_COLUMN_TWICE", '"lot"']],
  ["the name of a bound", () => outputsOf({ left: { windowEnd: "at" } }), ["DF_COLUMN_TWICE", '"windowEnd"']],
  [
    "updates on the left",
    () => outputsOf({}, shape(PERSON, { change: "upsert", key: ["id"] })),
    ["DF_NOT_APPEND", "left side", "upsert"],
  ],
  [
    "updates on the right",
    () => outputsOf({}, shape(PERSON), shape(AUCTION, { change: "retract" })),
    ["DF_NOT_APPEND", "right side", "retract"],
  ],
  [
    "a side without event time",
    () => outputsOf({}, shape(PERSON), shape(AUCTION, { timed: false })),
    ["DF_NO_EVENT_TIME", "right side"],
  ],
  [
    "a side with a column for lateness",
    () => outputsOf({}, shape(t.row({ id: t.int(), name: t.string(), lateBy: t.float64() }).schema)),
    ["DF_COLUMN_TWICE", '"lateBy"', "left side"],
  ],
  ["one stream", () => joinWindow(options).outputs([shape(PERSON)]), ["DF_JOIN_SIDES", "not 1"]],
  [
    "windows of no size",
    () => outputsOf({ window: { ...options.window, sizeMicros: 0 } as never }),
    ["DF_WINDOW"],
  ],
])("a join on %s is refused, and says why", (_, build, words) => {
  for (const word of words) expect(build).toThrow(word);
});
