/**
 * What shards on threads save in a query: runs it with one and with more, one after the other, each in a process of its
 * own.
 *
 *     node bench/nexmark/shards.ts QUERY INPUT_DIRECTORY OUTPUT_DIRECTORY [SHARDS] [ROUNDS]
 *
 * Prints medians of wall and CPU time, and of CPU time on the busiest thread: where cores are free, as long a run
 * takes. The threads are asked every 50 ms through /proc, so it wants Linux. OUTPUT_DIRECTORY is made and removed.
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Clock ticks a second: what /proc counts in. */
const TICKS = 100;
const LOOK_EVERY_MS = 50;
const RUN = fileURLToPath(new URL("run.ts", import.meta.url));

interface Times {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly busiestMs: number;
}

const [query = "q7", input = "", output = "", shards = "2", rounds = "5"] = process.argv.slice(2);

/** Notes milliseconds of CPU time of each thread of a process; what has ended keeps what it had. */
function look(pid: number, threads: Map<string, number>): void {
  try {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      threads.set(task, ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS);
    }
  } catch {
    // The thread, or the process, has ended.
  }
}

async function timesOf(parallelism: string): Promise<Times> {
  rmSync(output, { recursive: true, force: true });
  const began = performance.now();
  const child = spawn(process.execPath, [RUN, query, input, output, "--parallelism", parallelism], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const threads = new Map<string, number>();
  const looking = setInterval(() => look(child.pid as number, threads), LOOK_EVERY_MS);
  const code = await new Promise((resolve) => child.on("close", resolve));
  clearInterval(looking);
  if (code !== 0) throw new Error(`${query} with ${parallelism} shards ended with ${String(code)}.`);
  return {
    wallMs: performance.now() - began,
    cpuMs: [...threads.values()].reduce((sum, ms) => sum + ms, 0),
    busiestMs: Math.max(...threads.values()),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

const all = new Map<string, Times[]>([
  ["1", []],
  [shards, []],
]);
for (let round = 0; round < Number(rounds); round++)
  for (const [parallelism, times] of all) times.push(await timesOf(parallelism));
rmSync(output, { recursive: true, force: true });
for (const [parallelism, times] of all) {
  const ms = (part: keyof Times): string => median(times.map((each) => each[part])).toFixed(0);
  console.log(
    `${query}, ${parallelism} shards: ${ms("wallMs")} ms, CPU ${ms("cpuMs")} ms, ${ms("busiestMs")} ms of it on the busiest thread`,
  );
}
