/**
 * `pnpm soak --minutes N [--rate R] [--seed S]`: the real command under a steady stream of R events a second, killed at
 * random in the first half of the time and left alone in the second, in which its heap is measured. At the end the
 * tables are judged by delta-rs and DuckDB. Ends with 1 where anything is wrong; a run that was too short to tell how
 * the heap grows says so.
 */
import { rmSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Random } from "@df/testing/random";
import { newFolder } from "../command.ts";
import { missingReaders } from "../outside-readers.ts";
import { SoakFeed } from "./soak-feed.ts";
import { judgeHeap, judgeSizes, judgeTables, type Verdict } from "./soak-judge.ts";
import { SoakRun } from "./soak-run.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    rate: { type: "string", default: "500" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const [minutes, rate, seed] = [Number(values.minutes), Number(values.rate), Number(values.seed)];
if (!(minutes >= 1 && rate >= 1 && Number.isInteger(seed))) {
  process.stderr.write("soak: give --minutes from 1 on, --rate from 1 on and --seed as a whole number\n");
  process.exit(2);
}
if (missingReaders !== undefined) {
  process.stderr.write(`soak: nobody can judge its tables: ${missingReaders}\n`);
  process.exit(1);
}

const random = new Random(seed);
const folder = newFolder("soak");
const halfMs = (minutes * 60_000) / 2;
say(`soak of ${minutes} minutes at ${rate} events/s, seed ${seed}, in ${folder}`);

const feed = new SoakFeed(`${folder}/input`, rate, seed);
// No multiple or part of the time between two deliveries: each sample sees another moment of them.
const sampleMs = Math.min(7_300, Math.max(530, halfMs / 300));
const run = new SoakRun(folder, sampleMs);
const kills = await killNowAndThen();
run.start();
await run.watch(halfMs);
await run.stop("SIGTERM");
await feed.stop();
const report = await run.drain();

const verdicts: readonly Verdict[] = [
  ...judgeTables(folder, feed.events, report),
  ...judgeSizes(folder, run.sizes),
  ...judgeHeap(run.samples()),
];
say(`${feed.events} events in ${feed.files} files; ${kills} kills; ${run.starts} starts`);
for (const { kind, words } of verdicts) say(`${kind}: ${words}`);
const failed = verdicts.filter(({ kind }) => kind === "FAILED").length;
say(`soak: ${verdicts.length - failed} of ${verdicts.length} hold`);
if (failed === 0) rmSync(folder, { recursive: true });
process.exitCode = failed === 0 ? 0 : 1;

/** Lets lives of random length begin, and ends each; two of three without a word. */
async function killNowAndThen(): Promise<number> {
  const until = Date.now() + halfMs;
  for (let kills = 0; ;) {
    run.start();
    const left = until - Date.now();
    const lifeMs = 1_000 + random.below(Math.max(2_000, halfMs / 6));
    await setTimeout(Math.max(0, Math.min(left, lifeMs)));
    const signal = random.below(3) < 2 ? "SIGKILL" : "SIGTERM";
    await run.stop(signal);
    kills += signal === "SIGKILL" ? 1 : 0;
    if (left <= lifeMs) return kills;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
