import { BATCH_ROWS_MAX, BEGINNING, t } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import { openOperator, type OperatorHarness } from "@df/testing";
import { expect, test } from "vitest";
import { count } from "../aggregates/count/count.ts";
import { defineAggregate } from "../aggregates/user-defined/user-defined.ts";
import { bareSession, CLICK, click, INPUT, many, MS, options, pushAll, shown } from "./clicks.testing.ts";
import type { SessionOptions } from "./options.ts";
import { session } from "./session.ts";

/** Sessions of rows that an operator made: they are never late. */
function opened(changes: Partial<SessionOptions> = {}, full = false): OperatorHarness {
  const input = { schema: CLICK, time: "at", made: true };
  return openOperator(session({ ...options, ...changes }), [input], { full });
}

test("rows at most the gap apart are one session, one microsecond more makes two, also before 1970", () => {
  const harness = opened();
  harness.push([-25, -15, -4.999, 5.001, 15.002].map((at) => click("a", at)));
  harness.end();
  expect(shown(harness)).toEqual([
    [1, "a", -25, -5, 2],
    [1, "a", -4.999, 15.001, 2],
    [1, "a", 15.002, 25.002, 1],
  ]);
});

test("a session is over when the clock reaches its end: a row at the end itself belongs to it", () => {
  const harness = opened();
  harness.push([click("a", 4)]);
  harness.clock(14 * MS - 1);
  harness.push([click("a", 14)]);
  harness.clock(24 * MS - 1);
  expect(shown(harness)).toEqual([]);
  harness.clock(24 * MS);
  expect(shown(harness)).toEqual([[1, "a", 4, 24, 2]]);
  expect(harness.output().map(({ time, clock }) => [time, clock])).toEqual([[24 * MS - 1, BEGINNING]]);
});

test("a row between two sessions makes them one, whatever the order of the rows", () => {
  const rows = [
    click("a", 0, 1),
    click("a", 10, 2),
    click("a", 20, 4),
    click("a", 30, 8),
    click("a", 41, 16),
  ];
  for (const order of permutations([0, 1, 2, 3, 4])) {
    const harness = opened();
    harness.push(order.map((i) => rows[i] ?? {}));
    harness.end();
    expect(harness.take()).toEqual([
      { user: "a", windowStart: 0, windowEnd: 40, clicks: 4, sum: 15 },
      { user: "a", windowStart: 41, windowEnd: 51, clicks: 1, sum: 16 },
    ]);
  }
});

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

test("an aggregate of yours is joined with the session before it first", () => {
  const path = defineAggregate({
    value: t.string(),
    state: { all: t.string() },
    output: t.string(),
    init: () => ({ all: "" }),
    add: ({ all }, value) => ({ all: all + value }),
    result: ({ all }) => all,
  }).merge((a, b) => ({ all: `${a.all}+${b.all}` }));
  const harness = opened({ by: [], aggregates: [{ name: "path", spec: path.on("user") }] });
  harness.push([click("new", 20), click("old", 0), click("mid", 10)]);
  harness.end();
  expect(harness.take().map((row) => row["path"])).toEqual(["old+newmid"]);
});

test("a row is late by its own clock alone, and says by how much", () => {
  const harness = openOperator(session({ ...options, allowedLatenessMicros: 5 * MS }), [
    { schema: CLICK, time: "at", boundMicros: 0 },
  ]);
  // The clock of a row is its split's highest time less 1 µs. The session [15, 30] would take the row at 9.999.
  harness.push([click("a", 15), click("a", 20), click("a", 15), click("a", 14.999)]);
  harness.push([click("a", 14.998)]);
  expect(harness.take(1)).toEqual([
    { user: "a", n: 1, at: 14.999, lateBy: 5 },
    { user: "a", n: 1, at: 14.998, lateBy: 5.001 },
  ]);
  expect([harness.count("folded"), harness.count("late")]).toEqual([3, 2]);
});

test("sessions come in order of their ends, and those of one end in canonical order of their groups", () => {
  const harness = opened();
  harness.push([click("b", 1), click("é", 1), click("a", 2), click("c", 0), click("", 1)]);
  harness.end();
  expect(harness.take().map((row) => row["user"])).toEqual(["c", "", "b", "é", "a"]);
});

test("a session is dropped when the clock reaches its end and the lateness", () => {
  const harness = opened({ allowedLatenessMicros: 7 * MS });
  harness.push([click("a", 0)]);
  harness.clock(17 * MS - 1);
  expect(harness.stateRows()).toBe(1);
  harness.clock(17 * MS);
  expect(harness.stateRows()).toBe(0);
});

test("a session that is gone leaves its row to the next one of its group, also over a restart", () => {
  let harness = opened();
  harness.push([click("a", 0), click("b", 10)]);
  harness.clock(10 * MS);
  expect(harness.take()).toEqual([{ user: "a", windowStart: 0, windowEnd: 10, clicks: 1, sum: 1 }]);
  harness.snapshot();
  harness = harness.restored();
  expect(harness.stateRows()).toBe(2);
  harness.push([click("a", 20, 7)]);
  expect(harness.stateRows()).toBe(2);
  harness.clock(30 * MS);
  expect(harness.take()).toEqual([
    { user: "b", windowStart: 10, windowEnd: 20, clicks: 1, sum: 1 },
    { user: "a", windowStart: 20, windowEnd: 30, clicks: 1, sum: 7 },
  ]);
  expect(harness.stateRows()).toBe(0);
});

test("rows of groups that do not come back are removed: 16 MiB of them are kept", () => {
  const aggregates = Array.from({ length: 200 }, (_, i) => ({ name: `n${i}`, spec: count() }));
  const { operator, tables } = bareSession({ ...options, aggregates });
  const sizes: number[] = [];
  for (let wave = 0; wave < 12; wave++) {
    const rows = Array.from({ length: 2000 }, (_, i) => click(`${wave} ${i}`, wave * 20));
    operator.onBatch(batchOf(CLICK, rows, { times: "at" }), 0, () => "ok");
    operator.onBatch(batchOf(CLICK, [click("always", wave * 20)], { times: "at" }), 0, () => "ok");
    operator.onClock?.((wave * 20 + 10) * MS - 1, () => "ok");
    operator.onBatch(batchOf(CLICK, [click("always", wave * 20 + 10)], { times: "at" }), 0, () => "ok");
    operator.onClock?.((wave * 20 + 10) * MS, () => "ok");
    sizes.push(tables[0]?.size ?? 0);
  }
  // 204 words of a session: 10,281 rows.
  expect(sizes).toEqual([2001, 4001, 6001, 8001, 10_001, 1, 2001, 4001, 6001, 8001, 10_001, 1]);
});

test("more sessions than a batch has rows come in several batches, also to a full output", () => {
  for (const full of [false, true]) {
    const harness = opened({}, full);
    pushAll(harness, 1);
    harness.end();
    expect(harness.take().map((row) => row["user"])).toEqual(many);
    expect(Math.max(...harness.batchLengths())).toBe(BATCH_ROWS_MAX);
  }
});

test("all sessions of a group have the key group of the group, so that they move to another shard with it", () => {
  const { operator, store } = bareSession(options);
  const rows = [0, 100, 200, 300].map((at) => click("a", at));
  operator.onBatch(batchOf(CLICK, rows, { times: "at" }), 0, () => "ok");
  const chunks = store.gather(() => true);
  expect(chunks.map(({ table }) => table)).toEqual(["sessions"]);
  expect(operator.gauges?.()).toEqual({ sessions: 4 });
  operator.onClock?.(210 * MS, () => "ok");
  expect(operator.gauges?.()).toEqual({ sessions: 1 });
});

test("the places of sessions that are gone are used again: there are no more than a group has at a time", () => {
  const { operator, tables } = bareSession(options);
  for (let at = 0; at < 2000; at += 20) {
    operator.onBatch(batchOf(CLICK, [click("a", at), click("b", at + 3)], { times: "at" }), 0, () => "ok");
    operator.onClock?.((at - 5) * MS, () => "ok");
    expect(tables[0]?.size).toBeLessThanOrEqual(4);
    expect(Math.max(...(tables[0]?.panes() ?? []))).toBeLessThanOrEqual(1);
  }
});

test("a result that is given once appends; any other is taken back by group and start", () => {
  const [once, lateRows] = session(options).outputs([INPUT]);
  expect([once?.change, once?.key, once?.timed, session(options).label]).toEqual([
    "append",
    [],
    true,
    "identical",
  ]);
  expect([lateRows?.change, lateRows?.timed, lateRows?.schema.fields.at(-1)?.name]).toEqual([
    "append",
    false,
    "lateBy",
  ]);
  for (const changes of [{ allowedLatenessMicros: 1 }, { emit: "onUpdate" as const }]) {
    const spec = session({ ...options, ...changes });
    const [result] = spec.outputs([INPUT]);
    expect([result?.change, result?.key, spec.label]).toEqual([
      "retract",
      ["user", "windowStart"],
      "convergent",
    ]);
  }
});

test("sessions need their groups, their aggregates' columns, and what late rows are wanted for", () => {
  const spec = session({ ...options, aggregates: options.aggregates.slice(0, 1) });
  expect(spec.needs([new Set(["clicks"]), new Set()], [CLICK])).toEqual([new Set(["user"])]);
  expect(spec.needs([new Set(), new Set(["at", "lateBy"])], [CLICK])).toEqual([new Set(["user", "at"])]);
  expect(session(options).needs([new Set(), new Set()], [CLICK])).toEqual([new Set(["user", "n"])]);
  expect(session(options).exchanges).toEqual([{ keyBy: ["user"] }]);
  expect(session({ ...options, by: [] }).exchanges).toEqual(["single"]);
});

test("what sessions cannot take is refused when the graph is built", () => {
  const spec = session(options);
  expect(() => spec.outputs([{ ...INPUT, timed: false }])).toThrow("DF_NO_EVENT_TIME");
  for (const change of ["upsert", "retract"] as const) {
    expect(() => spec.outputs([{ ...INPUT, change, key: ["user"] }])).toThrow(
      new RegExp(`this stream is ${change}.*\\[DF_NOT_APPEND\\]`),
    );
  }
  const first = defineAggregate({
    value: t.int(),
    state: { n: t.int() },
    output: t.int(),
    init: () => ({ n: 0 }),
    add: ({ n }, value) => ({ n: n + value }),
    result: ({ n }) => n,
  });
  const mine = session({ ...options, aggregates: [{ name: "mine", spec: first.on("n") }] });
  expect(() => mine.outputs([INPUT])).toThrow(/"mine" \(user-defined\).*\.merge\(\).*\[DF_NO_MERGE\]/);
  const twice = session({ ...options, aggregates: [{ name: "windowEnd", spec: count() }] });
  expect(() => twice.outputs([INPUT])).toThrow(/"windowEnd".*\[DF_COLUMN_TWICE\]/);
  const lateBy = { ...INPUT, schema: t.row({ user: t.string(), lateBy: t.int() }).schema };
  expect(() => spec.outputs([lateBy])).toThrow(/"lateBy".*\[DF_COLUMN_TWICE\]/);
  expect(() => session({ ...options, by: ["town"] }).outputs([INPUT])).toThrow("DF_NO_COLUMN");
  for (const gapMicros of [0, -1, 1.5, Number.NaN]) {
    expect(() => session({ ...options, gapMicros })).toThrow(/gap.*\[DF_WINDOW\]/);
  }
  expect(() => session({ ...options, allowedLatenessMicros: -1 })).toThrow(/lateness.*\[DF_WINDOW\]/);
});
