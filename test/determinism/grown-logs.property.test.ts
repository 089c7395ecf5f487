/** Logs that have ended and grow before the next run: late is what a few lines say, whoever is read first. */
import { memoryTarget, dropMemoryTarget } from "@df/connectors/memory/target";
import { beforePolls, Crash, Crashes } from "@df/testing";
import { type Events, pipeline, type PipelineDefinition, t, tumbling } from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { runInMemory, shuffling, stateHere } from "../in-memory.ts";

const Row = t.row({ id: t.string(), key: t.string(), at: t.timestamp() });
interface PlainRow {
  readonly id: string;
  readonly key: string;
  readonly at: number;
}
type Logs = Record<string, PlainRow[]>;
const SOURCES = ["left", "right"] as const;
type Sources = Record<(typeof SOURCES)[number], Logs>;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What is added to the logs between two runs: minutes, by source and log. A log that is named first is new then. */
type Growth = Readonly<Record<(typeof SOURCES)[number], Readonly<Record<string, readonly number[]>>>>;

/** What must not matter: a run that dies at a poll or behind a step of a checkpoint, or is asked to stop there. */
interface Attempt {
  readonly seed: number;
  readonly batchRows: number;
  readonly parallelism: number;
  readonly ends: "crash" | "stop" | "input";
  readonly point: number;
}

interface Case {
  readonly growths: readonly Growth[];
  /** Whether the rows of both sources come to the same windows. */
  readonly isUnion: boolean;
}

const growth: fc.Arbitrary<Growth["left"]> = fc.dictionary(
  fc.constantFrom("a", "b", "c", "d"),
  fc.array(fc.nat(600), { maxLength: 12 }),
  { noNullPrototype: true },
);
const cases: fc.Arbitrary<Case> = fc.record({
  growths: fc.array(fc.record({ left: growth, right: growth }), { minLength: 2, maxLength: 4 }),
  isUnion: fc.boolean(),
});
const attempts: fc.Arbitrary<Attempt> = fc.record({
  seed: fc.nat(1000),
  batchRows: fc.integer({ min: 1, max: 8 }),
  parallelism: fc.constantFrom(1, 2, 3),
  ends: fc.constantFrom("crash", "crash", "stop"),
  point: fc.integer({ min: 1, max: 40 }),
});

function pipelineOf(
  logs: Sources,
  {
    isUnion,
    name,
    batchRows,
    point,
  }: { isUnion: boolean; name: string; batchRows: number; point: () => void },
): PipelineDefinition {
  return pipeline("grown", { checkpointEvery: "1ms", batchRows }, (p) => {
    const rows = (source: (typeof SOURCES)[number]): Events<PlainRow> =>
      p.from(source, beforePolls(memorySource(logs[source], Row, { bounded: false }), point), {
        eventTime: "at",
        maxOutOfOrderness: "20m",
      });
    const late = (stream: Events<PlainRow>, which: string): void => {
      const hours = stream
        .keyBy("key")
        .window(tumbling("1h"))
        .aggregate(`${which}-hours`, (a) => ({ rows: a.count() }));
      hours.to(`${which}-out`, memorySink(`${name}-${which}-out`));
      hours.late.to(`${which}-late`, memorySink(`${name}-${which}-late`));
    };
    if (isUnion) late(rows("left").union(rows("right")), "left");
    else for (const source of SOURCES) late(rows(source), source);
  });
}

/** Ids of the late rows, by the definition: at each growth a log that has rows goes on at what had been reached. */
function lateIds({ growths, isUnion }: Case): string[] {
  const late: string[] = [];
  const clocks = new Map<string, number>();
  const groupOf = (source: string): string => (isUnion ? "both" : source);
  for (const [round, grown] of growths.entries()) {
    const reached = new Map<string, number>();
    for (const [log, clock] of clocks) {
      const group = groupOf(log.split("/")[0] ?? "");
      reached.set(group, Math.max(reached.get(group) ?? -Infinity, clock));
    }
    for (const row of rowsOf(grown, round)) {
      const log = `${row.source}/${row.log}`;
      const lift = reached.get(groupOf(row.source)) ?? -Infinity;
      const clock = Math.max(clocks.get(log) ?? -Infinity, lift, row.at - 20 * MINUTE - 0.001);
      clocks.set(log, clock);
      if (clock >= Math.floor(row.at / HOUR) * HOUR + HOUR - 0.001) late.push(row.id);
    }
  }
  return late.toSorted();
}

function rowsOf(grown: Growth, round: number) {
  return SOURCES.flatMap((source) =>
    Object.entries(grown[source]).flatMap(([log, minutes]) =>
      minutes.map((minute, index) => ({
        source,
        log,
        id: `${round} ${source} ${log} ${index}`,
        key: index % 2 === 0 ? "even" : "odd",
        at: minute * MINUTE,
      })),
    ),
  );
}

let names = 0;

async function foundLate(given: Case, planned: readonly (readonly Attempt[])[]): Promise<string[]> {
  const name = `grown-${++names}`;
  const stateDirectory = newFolder("grown");
  const logs: Sources = { left: {}, right: {} };
  for (const [round, grown] of given.growths.entries()) {
    for (const source of SOURCES) for (const log of Object.keys(grown[source])) logs[source][log] ??= [];
    for (const { source, log, id, key, at } of rowsOf(grown, round)) logs[source][log]?.push({ id, key, at });
    const [last = CALM, ...before] = planned[round] ?? [];
    for (const attempt of [...before, { ...last, ends: "input" as const }]) {
      await runOnce(given.isUnion, { logs, name, stateDirectory, attempt });
    }
  }
  const targets = SOURCES.map((source) => `${name}-${source}-late`);
  const ids = targets.flatMap((target) => memoryTarget(target).changes.map(({ row }) => String(row["id"])));
  for (const target of targets) dropMemoryTarget(target);
  for (const source of SOURCES) dropMemoryTarget(`${name}-${source}-out`);
  return ids.toSorted();
}

const CALM: Attempt = { seed: 1, batchRows: 4, parallelism: 1, ends: "input", point: Infinity };

async function runOnce(
  isUnion: boolean,
  run: { logs: Sources; name: string; stateDirectory: string; attempt: Attempt },
): Promise<void> {
  const { logs, name, stateDirectory } = run;
  const { seed, batchRows, parallelism, ends, point } = run.attempt;
  const [crashes, stop] = [new Crashes(), new AbortController()];
  if (ends === "crash") crashes.arm(point);
  const pass = (): void => {
    crashes.point();
    if (ends === "stop" && crashes.passed === point) stop.abort();
  };
  try {
    await runInMemory(pipelineOf(logs, { isUnion, name, batchRows, point: pass }), {
      stateDirectory,
      parallelism,
      signal: stop.signal,
      shuffle: shuffling(seed),
      // Some answers of the state come at once, some from its thread.
      openState: seed % 4 === 0 ? undefined : stateHere,
      onStep: async () => pass(),
    });
  } catch (thrown) {
    if (!(thrown instanceof Crash)) throw thrown;
  }
}

const long = process.env["DATAFLOW_LONG"] === "1";

test(
  "which rows of logs that have grown are late depends on the logs alone, not on polls, crashes or restarts",
  { timeout: long ? 3_600_000 : 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        cases,
        fc.array(fc.array(attempts, { maxLength: 3 }), { maxLength: 4 }),
        async (given, planned) => {
          expect(await foundLate(given, planned)).toEqual(lateIds(given));
        },
      ),
      { numRuns: long ? 2000 : 40 },
    );
  },
);
