/** What code reads of a run is what its tables were given, whatever the input, the schedule, readers and crashes. */
import { committerFactory } from "@df/connectors/memory/committer";
import { dropMemoryTarget, memoryTarget, type MemoryChange } from "@df/connectors/memory/target";
import type { Change, Shape } from "@df/core";
import { Readers } from "@df/core/runtime/readers";
import { beforePolls, Crash, Crashes, crashing, show, stateAfter } from "@df/testing";
import { pipeline, type PipelineDefinition, session, t, tumbling } from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import fc from "fast-check";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { runInMemory, shuffling } from "../in-memory.ts";

const Row = t.row({ key: t.string(), at: t.timestamp(), value: t.int64() });
interface PlainRow {
  readonly key: string;
  readonly at: number;
  readonly value: bigint;
}

/** A run: what must not matter for what its readers are told. */
interface Attempt {
  readonly parallelism: number;
  readonly batchRows: number;
  readonly seed: number;
  readonly ends: "crash" | "stop" | "by itself";
  /** At which polls, protocol steps and calls of committers it ends. */
  readonly point: number;
  /** Turns of the event loop that readers take for a change. */
  readonly slowness: number;
}

const SINKS = ["append", "upsert", "view", "retract", "sessions"] as const;

const logs = fc.array(
  fc.array(
    fc.record({
      key: fc.constantFrom("a", "b", "c"),
      at: fc.nat(300).map((minutes) => minutes * 60_000),
      value: fc.bigInt({ min: -3n, max: 12n }),
    }),
    { minLength: 8, maxLength: 30 },
  ),
  { maxLength: 3 },
);
const attempts: fc.Arbitrary<Attempt> = fc.record({
  parallelism: fc.constantFrom(1, 2, 7),
  batchRows: fc.constantFrom(1, 1, 2, 5),
  seed: fc.nat(1000),
  ends: fc.constantFrom("crash", "stop", "by itself"),
  point: fc.integer({ min: 1, max: 120 }),
  slowness: fc.constantFrom(0, 0, 1, 3),
});

function pipelineOf(
  given: readonly (readonly PlainRow[])[],
  name: string,
  batchRows: number,
): PipelineDefinition {
  const splits = Object.fromEntries(given.map((rows, split) => [String(split), rows]));
  // A millisecond for each batch: so that a run has many deliveries.
  const source = beforePolls(memorySource(splits, Row), () => setTimeout(1));
  const commitEvery = { time: "1ms", bytes: 200 } as const;
  return pipeline("changes", { checkpointEvery: "1ms", batchRows }, (p) => {
    const rows = p.from("rows", source, { eventTime: "at", maxOutOfOrderness: "10m" });
    const keyed = rows.keyBy("key");
    const hours = keyed
      .window(tumbling("1h"))
      .aggregate("hours", (a) => ({ n: a.count(), total: a.sum("value") }), { emit: "onUpdate" });
    // A group whose row no longer passes is deleted.
    const view = rows
      .groupBy("key")
      .aggregate("per-key", (a) => ({ total: a.sum("value") }))
      .filter((row) => row.total !== null && row.total % 2n === 0n);
    const visits = keyed
      .window(session("20m"))
      .aggregate("visits", (a) => ({ n: a.count() }), { emit: "onUpdate", allowedLateness: "2h" });
    rows.to("append", memorySink(`${name}-append`), { commitEvery });
    hours.to("upsert", memorySink(`${name}-upsert`), { commitEvery });
    view.to("view", memorySink(`${name}-view`), { commitEvery });
    view.changelog("log").to("retract", memorySink(`${name}-retract`), { commitEvery });
    visits.to("sessions", memorySink(`${name}-sessions`), { commitEvery });
  });
}

/** What a reader of the table does: applies each change to a map of its rows. */
function replay(before: readonly object[], changes: readonly Change[], { change, key }: Shape): string[] {
  const rows = new Map<string, { count: number; readonly row: object }>();
  const keyOf = (row: object): string =>
    change === "upsert" ? show(key.map((name) => (row as Record<string, unknown>)[name])) : show(row);
  const add = (row: object, count: number): void => {
    const known = rows.get(keyOf(row))?.count ?? 0;
    rows.set(keyOf(row), { row, count: change === "upsert" ? count : known + count });
  };
  for (const row of before) add(row, 1);
  for (const each of changes) {
    if (each.before !== null) add(each.before, change === "upsert" ? 0 : -1);
    if (each.after !== null) add(each.after, 1);
  }
  return [...rows.values()]
    .flatMap(({ row, count }) => Array.from({ length: count }, () => show(row)))
    .toSorted();
}

/** A change as the rows that a committer is given for it. */
function halves(changes: readonly Change[]): MemoryChange[] {
  return changes.flatMap(({ before, after }) => [
    ...(before === null ? [] : [{ row: before, diff: -1 }]),
    ...(after === null ? [] : [{ row: after, diff: 1 }]),
  ]);
}

async function read(changes: AsyncIterable<Change>, into: Change[], slowness: number): Promise<void> {
  for await (const change of changes) {
    into.push(change);
    for (let turn = 0; turn < slowness; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** One run, and whether what it told is what it showed: all of it, or if it crashed the beginning of it. */
async function attemptOnce(
  definition: PipelineDefinition,
  name: string,
  { stateDirectory, ...attempt }: Attempt & { readonly stateDirectory: string },
): Promise<boolean> {
  const { seed, ends, point, parallelism, slowness } = attempt;
  const crashes = new Crashes();
  const stop = new AbortController();
  if (ends === "crash") crashes.arm(point);
  const pass = async (): Promise<void> => {
    crashes.point();
    if (ends === "stop" && crashes.passed === point) stop.abort();
  };
  const readers = new Readers();
  const shapes = new Map(
    definition.build().nodes.flatMap((node) => (node.kind === "sink" ? [[node.id, node.shape]] : [])),
  );
  const told = new Map<string, Change[]>(SINKS.map((sink) => [sink, []]));
  const lengths = new Map<string, number>();
  const loops: Promise<void>[] = [];
  let failure: { error: unknown; told: boolean } | undefined;
  await runInMemory(definition, {
    stateDirectory,
    parallelism,
    signal: stop.signal,
    shuffle: shuffling(seed),
    onStep: pass,
    onShown: () => seen.deliveries++,
    readers,
    connectors: {
      memory: { open: async (...all) => crashing(await committerFactory.open(...all), crashes) },
    },
    onStart: () => {
      for (const sink of SINKS) {
        lengths.set(sink, memoryTarget(`${name}-${sink}`).changes.length);
        loops.push(read(readers.changes(sink, shapes.get(sink) as Shape), told.get(sink) ?? [], slowness));
      }
    },
  }).catch((error: unknown) => {
    if (!(error instanceof Crash)) throw error;
    failure = { error, told: false };
  });
  readers.end(failure);
  const settled = await Promise.allSettled(loops);
  expect(settled.map(({ status }) => status)).toEqual(
    loops.map(() => (failure === undefined ? "fulfilled" : "rejected")),
  );
  for (const sink of loops.length === 0 ? [] : SINKS) {
    const all = memoryTarget(`${name}-${sink}`).changes;
    const first = lengths.get(sink) ?? 0;
    const changes = told.get(sink) ?? [];
    for (const { op } of changes) seen[op]++;
    const raw = halves(changes).map(show);
    const given = all.slice(first).map(({ row, diff }) => show({ row, diff }));
    expect([sink, raw]).toEqual([sink, failure === undefined ? given : given.slice(0, raw.length)]);
    if (failure !== undefined) continue;
    const shape = shapes.get(sink) as Shape;
    const content = stateAfter(shape, all).map(show).toSorted();
    expect([sink, replay(stateAfter(shape, all.slice(0, first)), changes, shape)]).toEqual([sink, content]);
  }
  return failure === undefined;
}

/** What all runs together came to: enough to tell something. */
const seen = { deliveries: 0, insert: 0, update: 0, delete: 0 };
let names = 0;
const long = process.env["DATAFLOW_LONG"] === "1";

test(
  "replaying the changes of a run gives exactly the tables' content, whatever schedules, readers, stops and crashes",
  { timeout: long ? 3_600_000 : 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.array(attempts, { maxLength: 3 }), attempts, async (given, planned, last) => {
        const name = `changes-${++names}`;
        const stateDirectory = newFolder("changes");
        for (const attempt of [...planned, { ...last, ends: "by itself" as const }]) {
          await attemptOnce(pipelineOf(given, name, attempt.batchRows), name, { ...attempt, stateDirectory });
        }
        for (const sink of SINKS) {
          dropMemoryTarget(`${name}-${sink}`);
        }
      }),
      { numRuns: long ? 2000 : 20, endOnFailure: !long, interruptAfterTimeLimit: long ? 3_500_000 : 100_000 },
    );
    for (const [what, count] of Object.entries(seen)) expect([what, count > 20]).toEqual([what, true]);
  },
);
