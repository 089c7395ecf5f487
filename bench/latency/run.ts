/**
 * How long an event takes from where it is made to the output of an operator, and until a Delta table shows it.
 *
 *     node bench/latency/run.ts [--source iterator|inbox|file] [--rate N] [--seconds N] [--commit-every N] [--longest N]
 *
 * Prints ms: median, 99th percentile and maximum to the operator, and by how much the oldest row of a delivery was
 * older than `--commit-every` (s) when the table showed it. Aims stand in brackets. The first second does not count: V8
 * compiles. Beside it how long turns of the event loop took, on the wall and in CPU time of the thread: where other
 * programs use the cores, what they took is the difference. `--longest` names what so many of them were spent with.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { pipeline, start, t, type Pipeline, type Stream } from "dataflow";
import { delta } from "dataflow/delta";
import { files } from "dataflow/files";
import { inbox } from "dataflow/inbox";
import { fromIterable } from "dataflow/iterables";
import { json } from "dataflow/json";
import { percentile, watchTurns, type Turn } from "../turns.ts";
import { Delays } from "./delays.ts";
import { eventsOf, nowMicros, type Feed } from "./feed.ts";

const EVENT = t.row({ at: t.int(), key: t.int() });
type Event = t.infer<typeof EVENT>;

const { values } = parseArgs({
  options: {
    source: { type: "string", default: "iterator" },
    rate: { type: "string", default: "50000" },
    seconds: { type: "string", default: "10" },
    "commit-every": { type: "string", default: "2" },
    longest: { type: "string", default: "0" },
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

const toOperator = new Delays(feed.perSecond * feed.seconds);
const toTable: number[] = [];
let countsFrom = Infinity;
const definition = pipeline("latency", (p) => {
  source(p)
    .tap(({ at }) => {
      if (at >= countsFrom) toOperator.note(performance.now(), (nowMicros() - at) / 1000);
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

const run = await start(definition, {
  directory: folder,
  unsafeStateFs: true,
  follow: true,
  onShown: () => {
    const oldest = oldestShown();
    if (oldest >= countsFrom) toTable.push((nowMicros() - oldest) / 1000 - commitEvery * 1000);
  },
});
if (values.source === "file")
  new Worker(new URL("feed.ts", import.meta.url), { workerData: { feed, path: file } });
await new Promise((resolve) => setTimeout(resolve, 1000));
countsFrom = nowMicros();
const beganMs = performance.now();
const end = await watchTurns(Number(values.longest) > 0);
const before = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, (feed.seconds - 1) * 1000));
const { user, system } = process.cpuUsage(before);
const watched = await end();
await run.stop();
rmSync(folder, { recursive: true });
const ms = (value: number): string => value.toFixed(1);
const turnsMs = (of: (turn: Turn) => number): string => {
  const times = watched.turns.map(of);
  return `p99 ${ms(percentile(times, 99))} max ${ms(percentile(times, 100))} ms`;
};
console.log(
  `${values.source}, ${feed.perSecond} a second, CPU ${((user + system) / 1e4 / feed.seconds).toFixed(0)} % of a core`,
);
console.log(`  to the operator      ${toOperator.all()}, ${toOperator.count} events`);
console.log(`    left alone         ${toOperator.undisturbed(watched.turns, beganMs)}`);
console.log(`  to the table         ${toTable.map(ms).join(" ")} ms beyond commitEvery (500)`);
console.log(`  turns on the wall    ${turnsMs(({ wallMs }) => wallMs)}`);
console.log(`  turns of CPU time    ${turnsMs(({ cpuMs }) => cpuMs)}`);
for (const turn of watched.turns.toSorted((x, y) => y.wallMs - x.wallMs).slice(0, Number(values.longest))) {
  console.log(
    `at ${turn.atMs.toFixed(0)} ms: ${ms(turn.wallMs)} ms, CPU ${ms(turn.cpuMs)} ms, collection ${ms(turn.gcMs)} ms`,
  );
  for (const name of watched.named(turn)) console.log(`    ${name}`);
}
process.exit();
