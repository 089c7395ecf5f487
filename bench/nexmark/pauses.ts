/**
 * What holds the main thread up in a run of a query, and what a restart takes.
 *
 *     node bench/nexmark/pauses.ts QUERY INPUT_DIRECTORY OUTPUT_DIRECTORY [--target csv|delta] [--checkpoint-every 1s] \
 *       [--longest N]
 *
 * Prints the times between two turns of the event loop, by the clock on the wall and in CPU time of the thread: where
 * other programs use the cores, the latter is what is ours. Then what garbage collection took of the run, and the CPU
 * time of a start on the state of a run that was stopped near its end, less that of a start without a state. Aims stand
 * in brackets. `--longest` says of so many of the longest turns what they were spent with; the profile costs time. Beside
 * OUTPUT_DIRECTORY two folders are made and removed, `-empty` and `-stopped`.
 */
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Duration } from "@df/core";
import { runQuery, type Ran, type TargetName } from "./run.ts";
import { percentile, watchTurns, type Turn } from "../turns.ts";

/** The part of a run's time after which it is stopped, to be started again. */
const STOPPED_AT = 0.8;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    target: { type: "string", default: "csv" },
    "checkpoint-every": { type: "string", default: "1s" },
    longest: { type: "string", default: "0" },
  },
});
const [query = "", input = "", output = ""] = positionals;
const longest = Number(values.longest);
const options = {
  target: values.target as TargetName,
  checkpointEvery: values["checkpoint-every"] as Duration,
};

const end = await watchTurns(longest > 0);
const { events, epochs, commits } = await runQuery(query, input, output, options);
const watched = await end();

/** CPU time of a run, ms, that is stopped so many milliseconds after its begin. */
async function stoppedAfter(stopMs: number, folder: string): Promise<Ran & { readonly cpuMs: number }> {
  const before = process.cpuUsage();
  const signal = stopMs === 0 ? AbortSignal.abort() : AbortSignal.timeout(stopMs);
  const ran = await runQuery(query, input, folder, { ...options, again: true, signal });
  const { user, system } = process.cpuUsage(before);
  return { ...ran, cpuMs: (user + system) / 1000 };
}

const folders = { empty: `${output}-empty`, stopped: `${output}-stopped` };
for (const folder of Object.values(folders)) rmSync(folder, { recursive: true, force: true });
const empty = await stoppedAfter(0, folders.empty);
const stopped = await stoppedAfter(Math.ceil(watched.wallMs * STOPPED_AT), folders.stopped);
const restored = await stoppedAfter(0, folders.stopped);
for (const folder of Object.values(folders)) rmSync(folder, { recursive: true });

const ms = (value: number): string => value.toFixed(1);
const turnsMs = (of: (turn: Turn) => number): string => {
  const times = watched.turns.map(of);
  return `p50 ${ms(percentile(times, 50))} p99 ${ms(percentile(times, 99))} (10) max ${ms(percentile(times, 100))} (40) ms`;
};
const restoredMs = restored.cpuMs - empty.cpuMs;
console.log(`${query}: ${events} events, ${epochs} epochs, ${commits} commits in ${ms(watched.wallMs)} ms`);
console.log(`  turns on the wall    ${turnsMs(({ wallMs }) => wallMs)}`);
console.log(`  turns of CPU time    ${turnsMs(({ cpuMs }) => cpuMs)}`);
console.log(
  `  garbage collection   ${ms((watched.gcMs / watched.wallMs) * 100)} % of the run, at most ${ms(watched.gcMsMax)} ms at once; ` +
    `about ${ms((watched.gcCpuMs / watched.cpuMs) * 100)} % (3) of the thread's CPU time`,
);
console.log(
  `  restart behind ${stopped.events} events   ${ms(restoredMs)} CPU ms` +
    (restored.groups === 0
      ? ""
      : `, ${ms((restoredMs / restored.groups) * 1e6)} (1000) a million of ${restored.groups} keys`),
);
for (const turn of watched.turns.toSorted((a, b) => b.cpuMs - a.cpuMs).slice(0, longest)) {
  console.log(
    `at ${turn.atMs.toFixed(0)} ms: ${ms(turn.wallMs)} ms, CPU ${ms(turn.cpuMs)} ms, collection ${ms(turn.gcMs)} ms`,
  );
  for (const name of watched.named(turn)) console.log(`    ${name}`);
}
process.exit();
