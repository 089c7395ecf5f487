import { describe, expect, test } from "vitest";
import { BEGINNING, DataflowError, t, type Shape, type StateTable } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import { MemoryStateStore } from "@df/core/state/store";
import { openOperator, type OperatorHarness } from "@df/testing";
import { latest } from "./latest.ts";

const Bid = t.row({ bidder: t.string(), price: t.int(), note: t.string().nullable(), at: t.timestamp() });
type Plain = Readonly<Record<string, unknown>>;
const options = { group: ["bidder"], by: ["at", "price"] };
const INPUT: Shape = { schema: Bid.schema, change: "append", key: [], timed: true };

const bid = (bidder: string, at: number, price = 1, note: string | null = null): Plain => ({
  bidder,
  price,
  note,
  at,
});
const opened = (): OperatorHarness =>
  openOperator(latest(options), [{ schema: Bid.schema, time: "at", boundMicros: 1_000_000 }]);
/** Bidder, time, price and note of what came out since the last call, by bidder. */
const shown = (harness: OperatorHarness): unknown[][] =>
  harness
    .take()
    .toSorted((a, b) => String(a["bidder"]).localeCompare(String(b["bidder"])))
    .map(({ bidder, at, price, note }) => [bidder, at, price, note]);

test("a group is shown once per flush, with its latest row only", () => {
  const harness = opened();
  harness.push([bid("a", 1), bid("b", 5), bid("a", 3), bid("a", 2)]);
  harness.push([bid("b", 4), bid("a", 4, 9, "x")]);
  expect(shown(harness)).toEqual([]);
  harness.flush();
  expect(shown(harness)).toEqual([
    ["a", 4, 9, "x"],
    ["b", 5, 1, null],
  ]);
  harness.flush();
  expect(shown(harness)).toEqual([]);
  expect(harness.count("folded")).toBe(6);
});

test("a row that is not the latest, or equals it, shows nothing", () => {
  const harness = opened();
  harness.push([bid("a", 5, 2, "x")]);
  harness.flush();
  harness.take();
  harness.push([bid("a", 4, 3), bid("a", 5, 1), bid("a", 5, 2, "x"), bid("a", 5, 2, "w"), bid("a", 5, 2)]);
  harness.flush();
  expect(shown(harness)).toEqual([]);
});

test("rows of one time are told apart by the next column, and then by the whole row, not by arrival", () => {
  const rows = [bid("a", 5, 2, "x"), bid("a", 5, 2, null), bid("a", 5, 2, "y"), bid("a", 5, 1, "z")];
  for (const given of [rows, rows.toReversed()]) {
    for (const isOneBatch of [true, false]) {
      const harness = opened();
      if (isOneBatch) harness.push(given);
      else for (const row of given) harness.push([row]);
      harness.flush();
      expect(shown(harness)).toEqual([["a", 5, 2, "y"]]);
    }
  }
});

test("a latest row is a whole row: a null takes the place of a text, and a text that of a null", () => {
  const harness = opened();
  for (const [at, note] of [
    [1, "x"],
    [2, null],
    [3, ""],
    [4, "y"],
  ] as const) {
    harness.push([bid("a", at, 1, note)]);
    harness.flush();
  }
  expect(shown(harness).map((row) => row[3])).toEqual(["x", null, "", "y"]);
});

test("rows are upserts of their group without event time", () => {
  const harness = opened();
  harness.push([bid("a", 5)]);
  harness.flush();
  expect(harness.output()).toEqual([{ row: bid("a", 5), diff: 1, time: BEGINNING, clock: BEGINNING }]);
  expect(latest(options).outputs([INPUT])).toEqual([
    { schema: Bid.schema, change: "upsert", key: ["bidder"], timed: false },
  ]);
});

test("−0 is 0, whichever came first", () => {
  const { schema } = t.row({ id: t.int(), x: t.float64() });
  for (const values of [[0, -0], [-0, 0], [-0]]) {
    const harness = openOperator(latest({ group: ["id"], by: ["x"] }), [{ schema }]);
    harness.push(values.map((x) => ({ id: 1, x })));
    harness.flush();
    expect(harness.take()[0]?.["x"]).toBe(0);
  }
});

test("more columns than an int has bits keep their nulls apart", () => {
  const names = Array.from({ length: 70 }, (_, index) => `c${index}`);
  const { schema } = t.row({
    id: t.int(),
    seq: t.int(),
    ...Object.fromEntries(names.map((name) => [name, t.int32().nullable()])),
  });
  const harness = openOperator(latest({ group: ["id"], by: ["seq"] }), [{ schema }]);
  const row = (seq: number, every: number): Readonly<Record<string, unknown>> => ({
    id: 1,
    seq,
    ...Object.fromEntries(names.map((name, index) => [name, index % every === 0 ? null : index])),
  });
  for (const [seq, every] of [
    [1, 3],
    [2, 7],
  ] as const) {
    harness.push([row(seq, every)]);
    harness.flush();
    expect(harness.take()).toEqual([row(seq, every)]);
  }
});

test("more groups than a batch has rows come in several batches, each once, also to a full output", () => {
  for (const full of [false, true]) {
    const harness = openOperator(latest(options), [{ schema: Bid.schema }], { full });
    for (let from = 0; from < 10_000; from += 2500) {
      harness.push(Array.from({ length: 2500 }, (_, i) => bid(`bidder ${from + i}`, i)));
    }
    harness.flush();
    expect(harness.batchLengths()).toEqual([4096, 4096, 1808]);
    expect(new Set(harness.take().map((row) => row["bidder"])).size).toBe(10_000);
  }
});

test("after a restart earlier rows stay earlier, and only what changes is shown", () => {
  const before = opened();
  before.push([bid("a", 5, 1, "x"), bid("b", 5)]);
  before.snapshot();
  const harness = before.restored();
  harness.take();
  harness.push([bid("a", 4), bid("b", 6, 2, "y")]);
  harness.flush();
  expect(shown(harness)).toEqual([["b", 6, 2, "y"]]);
});

/** The operator without a harness, and its table. */
function bare(): {
  readonly push: (rows: readonly object[]) => void;
  readonly table: () => StateTable;
  readonly gauges: () => unknown;
} {
  const store = new MemoryStateStore();
  let opened: StateTable | undefined;
  const spec = latest(options);
  const operator = spec.open({
    nodeId: "node",
    shard: 0,
    inputs: [INPUT],
    outputs: spec.outputs([INPUT]),
    state: { table: (name, table) => (opened = store.table(name, table)) },
    clock: BEGINNING,
    generate: false,
    count: () => {},
    countLatePartial: () => {},
    reject: () => {},
  });
  return {
    push: (rows) => void operator.onBatch(batchOf(Bid.schema, rows, { times: "at" }), 0, () => "ok"),
    table: () => opened as StateTable,
    gauges: () => operator.gauges?.(),
  };
}

test("the gauge counts groups, not rows", () => {
  const operator = bare();
  operator.push([bid("a", 1), bid("b", 1), bid("a", 2)]);
  expect(operator.gauges()).toEqual({ groups: 2 });
});

test("text that was replaced is freed: its place on the heap is taken by the next one", () => {
  const operator = bare();
  operator.push([bid("a", 0, 1, "x".repeat(1000))]);
  const { heap } = operator.table();
  const first = heap.put(new Uint8Array(1000), 0, 1000);
  heap.free(first);
  for (let at = 1; at <= 100; at++) operator.push([bid("a", at, 1, String(at).padEnd(1000))]);
  const last = heap.put(new Uint8Array(1000), 0, 1000);
  // References count in units of 16 bytes: 100 texts that were kept would lie between.
  expect(last - first).toBeLessThan(2 * 1000);
});

describe("latest refuses", () => {
  const schema = t.row({ id: t.int(), tag: t.json(), raw: t.bytes(), n: t.int() }).schema;
  const shape: Shape = { schema, change: "append", key: [], timed: false };
  const outputs =
    (by: string[], input: Shape = shape) =>
    () =>
      latest({ group: ["id"], by }).outputs([input]);

  test.each<[string, () => unknown, RegExp]>([
    ["no group", () => latest({ group: [], by: ["n"] }), /column to group by.*\[DF_LATEST\]/],
    ["nothing to go by", () => latest({ group: ["id"], by: [] }), /which row is the latest.*\[DF_LATEST\]/],
    ["a column of the group", () => latest({ group: ["id"], by: ["n", "id"] }), /"id".*\[DF_LATEST\]/],
    ["json", outputs(["tag"]), /"tag".*json has no order.*"id", "n"\. \[DF_LATEST_TYPE\]/],
    ["bytes", outputs(["n", "raw"]), /"raw".*bytes has no order.*\[DF_LATEST_TYPE\]/],
    ["a column that is not there", outputs(["m"]), /"m".*\[DF_NO_COLUMN\]/],
    ["upserts", outputs(["n"], { ...shape, change: "upsert", key: ["id"] }), /is upsert.*\[DF_NOT_APPEND\]/],
    ["retractions", outputs(["n"], { ...shape, change: "retract" }), /is retract.*\[DF_NOT_APPEND\]/],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(DataflowError);
    expect(make).toThrow(message);
  });
});

test("all columns are read, as each may tell which of two rows is kept", () => {
  const [needed] = latest(options).needs([new Set()], [Bid.schema]);
  expect([...(needed ?? [])].toSorted()).toEqual(["at", "bidder", "note", "price"]);
});
