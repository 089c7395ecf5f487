/** Random pipelines that crash at random points end with the same tables as one that never does. */
import { committerFactory } from "@df/connectors/memory/committer";
import { dropMemoryTarget, memoryTarget, type MemoryFailure } from "@df/connectors/memory/target";
import { DataflowError } from "@df/core";
import { beforePolls, Crash, Crashes, crashing } from "@df/testing";
import {
  type Events,
  pipeline,
  type Pipeline,
  type PipelineDefinition,
  t,
  type Timestamp,
  tumbling,
} from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { hurrying, outcomesOf, runInMemory, shuffling, stateHere } from "../in-memory.ts";

const Row = t.row({ key: t.string(), at: t.timestamp(), value: t.int64() });
interface PlainRow {
  readonly key: string;
  readonly at: number;
  readonly value: bigint;
}
type Logs = Readonly<Record<string, readonly PlainRow[]>>;

const SOURCES = ["left", "right"] as const;
/** Names of the sinks; which ones a pipeline has depends on its case. */
const SINKS = ["copy", "hours", "late", "right-hours", "right-late", "days", "all", "rejected"] as const;

/** What decides the answer. */
interface Case {
  readonly left: Logs;
  readonly right: Logs;
  /** Where the two sources come together, if there are two. */
  readonly union: "none" | "rows" | "hours";
  readonly results: "final" | "corrected" | "onUpdate";
  readonly maxOutOfOrderness: "0s" | "40m";
  readonly bounded: boolean;
}

/** What must not matter. */
interface Attempt {
  readonly parallelism: number;
  readonly batchRows: number;
  readonly generate: boolean;
  readonly seed: number;
  /** Whether it crashes, or is asked to stop, at that point; points are polls, protocol steps, calls of committers. */
  readonly ends: "crash" | "stop";
  readonly point: number;
  readonly failure: MemoryFailure | undefined;
}

const log = fc.array(
  fc.record({
    key: fc.constantFrom("a", "b", "c"),
    at: fc.nat(500).map((minutes) => minutes * 60_000),
    value: fc.bigInt({ min: -3n, max: 12n }),
  }),
  { maxLength: 30 },
);
const logs = fc
  .array(log, { maxLength: 4 })
  .map((all) => Object.fromEntries(all.map((rows, split) => [String(split), rows])));
const cases: fc.Arbitrary<Case> = fc.record({
  left: logs,
  right: logs,
  union: fc.constantFrom("none", "rows", "hours"),
  results: fc.constantFrom("final", "corrected", "onUpdate"),
  maxOutOfOrderness: fc.constantFrom("0s", "40m"),
  bounded: fc.boolean(),
});
const attempts: fc.Arbitrary<Attempt> = fc.record({
  parallelism: fc.constantFrom(1, 2, 7),
  batchRows: fc.integer({ min: 1, max: 64 }),
  generate: fc.boolean(),
  seed: fc.nat(1000),
  ends: fc.constantFrom("crash", "crash", "stop"),
  point: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 30, max: 200 })),
  failure: fc.option(fc.constantFrom("stage", "before commit", "after commit"), { nil: undefined, freq: 1 }),
});

interface Built {
  readonly name: string;
  readonly batchRows: number;
  readonly checkpointEvery: "1ms" | "1h";
  readonly point: () => void;
}

function pipelineOf(given: Case, { name, batchRows, checkpointEvery, point }: Built): PipelineDefinition {
  const rejected = memorySink(`${name}-rejected`);
  return pipeline("crashes", { checkpointEvery, batchRows, rejected }, (p) => {
    const rows = (source: (typeof SOURCES)[number]): Events<PlainRow> => rowsOf(p, given, source, point);
    const left = rows("left").filter((row) => {
      if (row.value === 7n) throw new Error("seven");
      return row.value >= 0n;
    });
    const both = given.union === "rows" ? left.union(rows("right")) : left;
    both.to("copy", memorySink(`${name}-copy`), { commitEvery: { time: "2ms", bytes: 400 } });
    // One group of all rows: on one shard, whatever the parallelism.
    both
      .window(tumbling("2h"))
      .aggregate("all-of", (a) => ({ rows: a.count() }))
      .to("all", memorySink(`${name}-all`));
    if (given.union === "hours") twoDays(both, rows("right"), given.results, name);
    else oneDay(both, given.results, name);
  });
}

function rowsOf(
  p: Pipeline,
  { bounded, maxOutOfOrderness, ...given }: Case,
  source: (typeof SOURCES)[number],
  point: () => void,
): Events<PlainRow> {
  const spec = beforePolls(memorySource(given[source], Row, { bounded }), point);
  return p.from(source, spec, { eventTime: "at", maxOutOfOrderness });
}

function oneDay(rows: Events<PlainRow>, results: Case["results"], name: string): void {
  if (results === "final") days(finalHours(rows, "", name), name);
  else changedDays(changedHours(rows, "", results, name), name);
}

function twoDays(
  left: Events<PlainRow>,
  right: Events<PlainRow>,
  results: Case["results"],
  name: string,
): void {
  if (results === "final") days(finalHours(left, "", name).union(finalHours(right, "right-", name)), name);
  else {
    const changes = changedHours(left, "", results, name);
    changedDays(changes.union(changedHours(right, "right-", results, name)), name);
  }
}

/** What one key had in one hour. */
interface Hour {
  readonly key: string;
  readonly windowStart: Timestamp;
  readonly windowEnd: Timestamp;
  readonly rows: number;
  readonly total: bigint;
}

function finalHours(rows: Events<PlainRow>, prefix: string, name: string): Events<Hour> {
  const hours = rows
    .keyBy("key")
    .window(tumbling("1h"))
    .aggregate(`${prefix}hours-of`, (a) => ({ rows: a.count(), total: a.sum("value") }), { emit: "final" });
  hours.to(`${prefix}hours`, memorySink(`${name}-${prefix}hours`));
  hours.late.to(`${prefix}late`, memorySink(`${name}-${prefix}late`));
  return hours;
}

function changedHours(rows: Events<PlainRow>, prefix: string, emit: "corrected" | "onUpdate", name: string) {
  const hours = rows
    .keyBy("key")
    .window(tumbling("1h"))
    .aggregate(`${prefix}hours-of`, (a) => ({ rows: a.count(), total: a.sum("value") }), {
      emit: emit === "onUpdate" ? "onUpdate" : "final",
      allowedLateness: "30m",
    });
  hours.to(`${prefix}hours`, memorySink(`${name}-${prefix}hours`));
  hours.late.to(`${prefix}late`, memorySink(`${name}-${prefix}late`));
  return hours.changelog(`${prefix}changes`);
}

function days(hours: Events<Hour>, name: string): void {
  hours
    .keyBy("key")
    .window(tumbling("4h"))
    .aggregate("days-of", (a) => ({ rows: a.sum("rows"), total: a.sum("total") }))
    .to("days", memorySink(`${name}-days`));
}

function changedDays(hours: ReturnType<typeof changedHours>, name: string): void {
  hours
    .keyBy("key")
    .window(tumbling("4h"))
    .aggregate("days-of", (a) => ({ rows: a.sum("rows"), total: a.sum("total") }))
    .to("days", memorySink(`${name}-days`));
}

const text = (row: unknown): string =>
  JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));

/** Rows present in each target: the last one of each key where there are keys, else all. */
function shown(given: Case, name: string): Record<string, string[]> {
  return Object.fromEntries(
    SINKS.map((sink) => {
      const keyed = sink.endsWith("hours") && given.results !== "final";
      const rows = new Map<string, string>();
      for (const [index, { row, diff }] of memoryTarget(`${name}-${sink}`).changes.entries()) {
        const key = keyed ? text([row["key"], row["windowStart"]]) : String(index);
        if (diff > 0) rows.set(key, text(row));
        else rows.delete(key);
      }
      return [sink, [...rows.values()].toSorted()];
    }),
  );
}

/** Hashes that the targets carry, and what became of the rows of each node that decides something. */
function summary(report: Awaited<ReturnType<typeof runInMemory>>): unknown {
  const outcomes = ["left", "right", "hours-of", "right-hours-of", "days-of"].map((node) =>
    outcomesOf(report, node),
  );
  const hashes = report.sinks.map(({ sink, contentHash }) => [sink, contentHash]);
  // How often a change was handed on depends on when; the rows that came from the logs do not.
  return { hashes, outcomes: outcomes.slice(0, 4) };
}

let names = 0;

async function withoutCrash(given: Case): Promise<unknown> {
  const name = `calm-${++names}`;
  const built: Built = { name, batchRows: 4096, checkpointEvery: "1h", point: () => {} };
  const report = await runInMemory(pipelineOf(given, built), { drain: given.bounded, openState: stateHere });
  const result = { ...shown(given, name), ...(summary(report) as object) };
  for (const sink of SINKS) dropMemoryTarget(`${name}-${sink}`);
  return result;
}

async function withCrashes(given: Case, planned: readonly Attempt[], last: Attempt): Promise<unknown> {
  const name = `crashed-${++names}`;
  const stateDirectory = newFolder("crashes");
  for (const attempt of planned) {
    if (attempt.failure !== undefined) memoryTarget(`${name}-hours`).failNext(attempt.failure);
    await attemptOnce(given, attempt, name, stateDirectory).catch(refuseBugs);
  }
  const calm: Attempt = { ...last, ends: "crash", point: Number.POSITIVE_INFINITY };
  // Failures that are still in line strike one run each.
  for (let left = planned.length; ; left--) {
    const report = await attemptOnce(given, calm, name, stateDirectory).catch((thrown: unknown) => {
      if (left === 0) throw thrown;
      return refuseBugs(thrown);
    });
    if (report === undefined) continue;
    const result = { ...shown(given, name), ...(summary(report) as object) };
    for (const sink of SINKS) dropMemoryTarget(`${name}-${sink}`);
    return result;
  }
}

/** One process: from its start to its end, or to its crash. */
function attemptOnce(
  given: Case,
  { parallelism, batchRows, generate, seed, ends, point }: Attempt,
  name: string,
  stateDirectory: string,
): ReturnType<typeof runInMemory> {
  const crashes = new Crashes();
  const stop = new AbortController();
  if (ends === "crash") crashes.arm(point);
  const pass = (): void => {
    crashes.point();
    if (ends === "stop" && crashes.passed === point) stop.abort();
  };
  return runInMemory(pipelineOf(given, { name, batchRows, checkpointEvery: "1ms", point: pass }), {
    stateDirectory,
    parallelism,
    generate,
    drain: given.bounded,
    signal: stop.signal,
    shuffle: shuffling(seed),
    clock: seed % 3 === 0 ? hurrying() : undefined,
    aheadBytesMin: seed % 2 === 0 ? 1 : undefined,
    // Some answers of the state come at once, some from its thread.
    openState: seed % 5 < 2 ? undefined : stateHere,
    onStep: async () => pass(),
    connectors: {
      memory: { open: async (...all) => crashing(await committerFactory.open(...all), crashes) },
    },
  });
}

function refuseBugs(thrown: unknown): undefined {
  if (thrown instanceof Crash) return;
  if (thrown instanceof DataflowError && thrown.code === "DF_MEMORY_FAILURE") return;
  throw thrown;
}

const long = process.env["DATAFLOW_LONG"] === "1";

test(
  "what a pipeline shows does not depend on crashes, stops, schedules, batches or shards",
  { timeout: long ? 3_600_000 : 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        cases,
        fc.array(attempts, { maxLength: 4 }),
        attempts,
        async (given, planned, last) => {
          const [expected, found] = [await withoutCrash(given), await withCrashes(given, planned, last)];
          expect(found).toEqual(expected);
        },
      ),
      { numRuns: long ? 3000 : 60, endOnFailure: !long, interruptAfterTimeLimit: long ? 3_500_000 : 100_000 },
    );
  },
);
