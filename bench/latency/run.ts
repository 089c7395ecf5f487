/**
 * How long an event takes from where it is made to the output of an operator, and until a Delta table shows it.
 *
 *     node bench/latency/run.ts [--source iterator|inbox|file] [--rate N] [--seconds N] [--commit-every N]
 *
 * Prints ms: median, 99th percentile and maximum to the operator, and by how much the oldest row of a delivery was
 * older than `--commit-every` (s) when the table showed it. The first second does not count: V8 compiles.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { pipeline, start, t, type Pipeline, type Stream } from "dataflow";
import { delta } from "dataflow/delta";
import { files } from "dataflow/files";
import { inbox } from "dataflow/inbox";
import { fromIterable } from "dataflow/iterables";
import { json } from "dataflow/json";
import { eventsOf, nowMicros, type Feed } from "./feed.ts";

const EVENT = t.row({ at: t.int(), key: t.int() });
type Event = t.infer<typeof EVENT>;

const { values } = parseArgs({
  options: {
    source: { type: "string", default: "iterator" },
    rate: { type: "string", default: "50000" },
    seconds: { type: "string", default: "10" },
    "commit-every": { type: "string", default: "2" },
  },
});
const feed: Feed = { perSecond: Number(values.rate), seconds: Number(values.seconds) };
const commitEvery = Number(values["commit-every"]);
const folder = mkdtempSync(join(tmpdir(), "bench-latency-"));
const file = join(folder, "events.jsonl");
const table = join(folder, "table");
writeFileSync(file, "");

const SOURCES: Readonly<Record<string, (p: Pipeline) => Stream<Event, "append", never, false>>> = {
  iterator: (p) =>
    p.from(
      "events",
      fromIterable(EVENT, () => eventsOf(feed)),
    ),
  inbox: (p) =>
    p.from(
      "events",
      inbox(
        fromIterable(EVENT, () => eventsOf(feed)),
        { path: join(folder, "inbox") },
      ),
    ),
  file: (p) => p.from("events", files({ path: file, decode: json(EVENT) })),
};
const source = SOURCES[values.source];
if (source === undefined) throw new Error(`--source is one of ${Object.keys(SOURCES).join(", ")}.`);

const toOperator = createHistogram();
const toTable: number[] = [];
let countsFrom = Infinity;
const definition = pipeline("latency", (p) => {
  source(p)
    .tap(({ at }) => {
      if (at >= countsFrom) toOperator.record(Math.max(1, nowMicros() - at));
    })
    .to("table", delta({ path: table }), { commitEvery: { time: `${commitEvery}s` } });
});

/** When the oldest row of the newest commit was made, µs since 1970. */
function oldestShown(): number {
  const log = join(table, "_delta_log");
  const newest = readdirSync(log)
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .at(-1);
  const actions = readFileSync(join(log, newest ?? ""), "utf8")
    .trimEnd()
    .split("\n");
  const adds = actions.flatMap((line) => (JSON.parse(line) as { add?: { stats: string } }).add ?? []);
  const oldest = adds.map(({ stats }) => (JSON.parse(stats) as { minValues: { at: number } }).minValues.at);
  return Math.min(...oldest);
}

const loop = monitorEventLoopDelay({ resolution: 1 });
const run = await start(definition, {
  directory: folder,
  unsafeStateFs: true,
  follow: true,
  onShown: () => {
    const oldest = oldestShown();
    if (oldest >= countsFrom) toTable.push((nowMicros() - oldest) / 1000 - commitEvery * 1000);
  },
});
countsFrom = nowMicros() + 1e6;
loop.enable();
const before = process.cpuUsage();
if (values.source === "file")
  new Worker(new URL("feed.ts", import.meta.url), { workerData: { feed, path: file } });
await new Promise((resolve) => setTimeout(resolve, feed.seconds * 1000));
const { user, system } = process.cpuUsage(before);
loop.disable();
await run.stop();
rmSync(folder, { recursive: true });
const ms = (value: number): string => value.toFixed(1);
console.log(
  `${values.source}, ${feed.perSecond} a second: to the operator p50 ${ms(toOperator.percentile(50) / 1000)}` +
    ` p99 ${ms(toOperator.percentile(99) / 1000)} max ${ms(toOperator.max / 1000)} ms (${toOperator.count} events);` +
    ` to the table ${toTable.map(ms).join(" ")} ms beyond commitEvery; loop p99 ${ms(loop.percentile(99) / 1e6)}` +
    ` max ${ms(loop.max / 1e6)} ms; CPU ${((user + system) / 1e4 / feed.seconds).toFixed(0)} % of a core`,
);
process.exit();
