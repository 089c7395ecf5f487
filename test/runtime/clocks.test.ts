import { memoryTarget } from "@df/connectors/memory/target";
import type { WallClock } from "@df/core/runtime/clock-port";
import { pipeline, t, tumbling, type PipelineDefinition } from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { outcomesOf, runInMemory, shuffling } from "../in-memory.ts";
import { type Gates, gatedSource } from "./gated-source.ts";

const Row = t.row({ key: t.string(), at: t.timestamp() });
interface PlainRow {
  readonly key: string;
  readonly at: number;
}
type Logs = Record<string, PlainRow[]>;
let names = 0;
const newName = (): string => `clocks-${++names}`;
const HOUR = 3_600_000;
const keys = ["a", "b", "c", "d"];
/** A row every ten minutes. */
const span = (fromHour: number, toHour: number): PlainRow[] =>
  Array.from({ length: (toHour - fromHour) * 6 }, (_, i) => ({
    key: keys[i % keys.length] as string,
    at: fromHour * HOUR + i * 600_000,
  }));

const sums = (name: string): number =>
  memoryTarget(name).changes.reduce((sum, { row, diff }) => sum + diff * Number(row["rows"]), 0);

function hoursOf(gates: Gates<PlainRow>, name: string, batchRows = 3): PipelineDefinition {
  return pipeline("gates", { checkpointEvery: "5ms", batchRows }, (p) => {
    const hours = p
      .from("log", gatedSource(gates, Row), { eventTime: "at", maxOutOfOrderness: "0s", idleTimeout: "20ms" })
      .keyBy("key")
      .window(tumbling("1h"))
      .aggregate("hours", (a) => ({ rows: a.count() }));
    hours.to("out", memorySink(name));
    hours.late.to("late", memorySink(`${name}-late`));
  });
}

/** A wall clock that runs fast and never waits. */
function hasty(): WallClock {
  let now = 0;
  const soon = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  return { now: () => (now += 5), sleep: soon, yield: soon };
}

test("a split that speaks again is never overtaken by the clocks of others, on any number of shards", async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const name = newName();
    const logs: Logs = { a: span(0, 60), b: [], c: [] };
    const gates: Gates<PlainRow> = { logs, silent: new Set() };
    const stop = new AbortController();
    let read = 0;
    // Where "a" is about to leave an hour, "b" and "c" have rows of that hour.
    gates.onPoll = (split, rows) => {
      if (split !== "a") return;
      read += rows;
      const last = logs["a"]?.[read - 1];
      if (rows === 0) stop.abort();
      else if (read % 6 === 0 && last !== undefined) {
        for (const key of keys) for (const other of ["b", "c"]) logs[other]?.push({ key, at: last.at });
      }
    };
    const report = await runInMemory(hoursOf(gates, name, 1), {
      parallelism: 2 + (seed % 3),
      shuffle: shuffling(seed),
      follow: true,
      signal: stop.signal,
      clock: hasty(),
    });
    const { late = 0, folded = 0 } = outcomesOf(report, "hours");
    expect(folded).toBeGreaterThan(60 * 6);
    expect(late + folded).toBeLessThanOrEqual(60 * 6 + 59 * 8 + 8);
  }
});

test("a split that was away while others went on comes back behind the clock that was reached", async () => {
  const [stateDirectory, name] = [newFolder("state"), newName()];
  const logs: Logs = { a: span(0, 2), b: span(0, 9) };
  const gates: Gates<PlainRow> = { logs, silent: new Set() };
  // The first run stops when a little of "b" is read.
  const stop = new AbortController();
  let polls = 0;
  gates.onPoll = () => void (++polls === 3 && stop.abort());
  await runInMemory(hoursOf(gates, name, 1), { stateDirectory, signal: stop.signal });
  const away = logs["b"] as PlainRow[];
  delete logs["b"];
  logs["a"]?.push(...span(2, 20));
  await runInMemory(hoursOf(gates, name, 1), { stateDirectory });
  logs["b"] = away;
  const report = await runInMemory(hoursOf(gates, name, 1), { stateDirectory, drain: true });
  const { late = 0, folded = 0 } = outcomesOf(report, "hours");
  expect(late + folded).toBe(20 * 6 + 9 * 6);
  expect(late).toBeGreaterThan(0);
  expect(sums(name)).toBe(folded);
});

/** Hours of two logs, together by days. */
function daysOfBoth(first: PlainRow[], second: PlainRow[], name: string): PipelineDefinition {
  return pipeline("both", { checkpointEvery: "5ms", batchRows: 3 }, (p) => {
    const hours = (id: string, log: PlainRow[]) =>
      p
        .from(id, memorySource(log, Row, { bounded: false }), { eventTime: "at", maxOutOfOrderness: "0s" })
        .keyBy("key")
        .window(tumbling("1h"))
        .aggregate(`${id}-hours`, (a) => ({ rows: a.count() }));
    hours("first", first)
      .union(hours("second", second))
      .keyBy("key")
      .window(tumbling("1d"))
      .aggregate("days", (a) => ({ rows: a.sum("rows") }))
      .to("out", memorySink(name));
  });
}

test.each([1, 2, 3])(
  "open windows of a log that has ended hold back what is counted over them, at parallelism %i",
  async (parallelism) => {
    const name = newName();
    const [first, second] = [span(0, 5), span(0, 80)];
    await runInMemory(daysOfBoth(first, second, name), { parallelism, drain: true });
    expect(sums(name)).toBe((5 + 80) * 6);
  },
);

test("a log that ended before another one and has grown since is counted with it", async () => {
  const [stateDirectory, name] = [newFolder("state"), newName()];
  const [first, second] = [span(0, 5), span(0, 80)];
  await runInMemory(daysOfBoth(first, second, name), { stateDirectory });
  first.push(...span(70, 90));
  const report = await runInMemory(daysOfBoth(first, second, name), { stateDirectory, drain: true });
  const { folded = 0 } = outcomesOf(report, "first-hours");
  expect(folded).toBeGreaterThan(5 * 6);
  expect(sums(name)).toBe(80 * 6 + folded);
});

test("a split that is silent for a while goes on behind the clock that was reached", async () => {
  const name = newName();
  const logs: Logs = { a: span(0, 2), b: span(0, 9), c: span(0, 9) };
  const gates: Gates<PlainRow> = { logs, silent: new Set(["a"]) };
  const stop = new AbortController();
  let read = 0;
  let since: number | undefined;
  gates.onPoll = (split, rows) => {
    read += rows;
    // "a" speaks again when the others have been read, and it has been asked in vain for longer than its timeout.
    if (split === "a" && read === 18 * 6 && performance.now() - (since ??= performance.now()) > 60)
      gates.silent.clear();
    if (split === "a" && read === 20 * 6 && rows === 0) stop.abort();
  };
  const report = await runInMemory(hoursOf(gates, name, 2), {
    parallelism: 3,
    follow: true,
    signal: stop.signal,
  });
  const { late = 0, folded = 0 } = outcomesOf(report, "hours");
  expect([late, folded]).toEqual([2 * 6, 18 * 6]);
});
