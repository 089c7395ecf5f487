/**
 * What holds the main thread up in a run of a query, and what a restart takes.
 *
 *     node bench/nexmark/pauses.ts QUERY INPUT_DIRECTORY OUTPUT_DIRECTORY [TARGET] [CHECKPOINT_EVERY]
 *
 * Prints the longest times between two turns of the event loop (checkpoints, deliveries and batches are between turns;
 * the engine takes one each 8 ms), the garbage collection of the main thread as a share of the time of the run, and the
 * CPU time of a start on the state of a run that was stopped near its end: its tables are filled, and it stops again.
 * Beside it stands that of a start without a state.
 */
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import type { Duration } from "@df/core";
import { runQuery, type TargetName } from "./run.ts";

/** The part of a run's time after which it is stopped, to be started again. */
const STOPPED_AT = 0.8;

const [query = "", input = "", output = "", target = "csv", checkpointEvery = "1s"] = process.argv.slice(2);
const options = { target: target as TargetName, checkpointEvery: checkpointEvery as Duration };

let gcMs = 0;
let gcMsMax = 0;
const observer = new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) {
    gcMs += duration;
    gcMsMax = Math.max(gcMsMax, duration);
  }
});
observer.observe({ entryTypes: ["gc"] });
const loop = monitorEventLoopDelay({ resolution: 1 });
loop.enable();
const began = performance.now();
const { events, epochs, commits } = await runQuery(query, input, output, options);
const runMs = performance.now() - began;
loop.disable();
observer.disconnect();

/** CPU time of a run, ms, that is stopped so many milliseconds after its begin, and the events that it has read. */
async function stoppedAfter(stopMs: number, folder: string): Promise<{ cpuMs: number; read: number }> {
  const before = process.cpuUsage();
  const signal = stopMs === 0 ? AbortSignal.abort() : AbortSignal.timeout(stopMs);
  const ran = await runQuery(query, input, folder, { ...options, again: true, signal });
  const { user, system } = process.cpuUsage(before);
  return { cpuMs: (user + system) / 1000, read: ran.events };
}

const empty = await stoppedAfter(0, `${output}-empty`);
const stopped = await stoppedAfter(Math.ceil(runMs * STOPPED_AT), `${output}-stopped`);
const restored = await stoppedAfter(0, `${output}-stopped`);

const ms = (value: number): string => value.toFixed(1);
const loopMs = (percent: number): string => ms(loop.percentile(percent) / 1e6);
console.log(
  `${query}: ${events} events, ${epochs} epochs, ${commits} commits in ${ms(runMs)} ms; ` +
    `turns p50 ${loopMs(50)} p99 ${loopMs(99)} max ${ms(loop.max / 1e6)} ms; ` +
    `gc ${ms((gcMs / runMs) * 100)} %, at most ${ms(gcMsMax)} ms at once; ` +
    `restart behind ${stopped.read} events ${ms(restored.cpuMs)} CPU ms, start ${ms(empty.cpuMs)} CPU ms`,
);
process.exit();
