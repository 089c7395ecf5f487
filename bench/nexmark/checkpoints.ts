/**
 * What checkpoints take in a query: runs it with one each second and with none before its end, in turn, each in a
 * process of its own.
 *
 *     node bench/nexmark/checkpoints.ts QUERY INPUT_DIRECTORY OUTPUT_DIRECTORY [ROUNDS]
 *
 * Prints medians of the CPU time until the last event was read, so that the checkpoint at the end, which both have and
 * which stores what is left, does not count. OUTPUT_DIRECTORY is made and removed.
 */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Duration } from "@df/core";
import { percentile } from "../turns.ts";
import { runQuery } from "./run.ts";

/** Milliseconds between two looks at how much was read. */
const LOOK_EVERY_MS = 10;
const NEVER = "1h";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  // Of a process that runs the query once.
  options: { every: { type: "string" } },
});
const [query = "q7", input = "", output = "", rounds = "5"] = positionals;

/** Seconds of CPU time when the last event had just been read. */
async function untilRead(checkpointEvery: Duration): Promise<number> {
  let looking: NodeJS.Timeout | undefined;
  let read = 0;
  let seconds = 0;
  await runQuery(query, input, output, {
    checkpointEvery,
    onStart: (handle) => {
      looking = setInterval(() => {
        const { rowsRead } = handle.status();
        if (rowsRead === read) return;
        const { user, system } = process.cpuUsage();
        read = rowsRead;
        seconds = (user + system) / 1e6;
      }, LOOK_EVERY_MS);
    },
  });
  clearInterval(looking);
  return seconds;
}

if (values.every !== undefined) {
  console.log(await untilRead(values.every as Duration));
  process.exit();
}
const seconds: Record<string, number[]> = { [NEVER]: [], "1s": [] };
for (let round = 0; round < Number(rounds); round++) {
  for (const [every, all] of Object.entries(seconds)) {
    rmSync(output, { recursive: true, force: true });
    const program = [fileURLToPath(import.meta.url), query, input, output, "--every", every];
    all.push(Number(execFileSync(process.execPath, program, { encoding: "utf8" })));
  }
}
rmSync(output, { recursive: true, force: true });
const [without = 0, withThem = 0] = Object.values(seconds).map((all) => percentile(all, 50));
console.log(
  `${query}: CPU ${withThem.toFixed(2)} s with a checkpoint each second, ${without.toFixed(2)} s with none: ` +
    `${(withThem / without).toFixed(3)} times as much`,
);
