/** The engine in simulated worlds (packages/simulation): many histories, and engines that are broken on purpose. */
import { execFile } from "node:child_process";
import { setPriority } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { simulate } from "@df/simulation";
import { expect, test } from "vitest";
import { root } from "../command.ts";
import { readReport } from "./sim-report.ts";

const long = process.env["DATAFLOW_LONG"] === "1";
const runs = long ? 1_000_000 : 20_000;
/** Where there is less time than that takes: histories are then as many as come about. */
const minutes = process.env["SIM_MINUTES"] ?? "Infinity";
const kinds = 23;
/** Each kind of fault meets each step of the protocol, the first columns of the report: so often at least. */
const METS_MIN = 60;
const STEPS = 6;
/** Faults of a history, on average: 150,000 of the 20,000. */
const FAULTS_EACH = 7.5;
/** What a seed may draw: each of it is in one history of a hundred at least. */
const DRAWN =
  `1 shards, 2 shards, 4 shards, append delta, append files, append parquet, copy, days, first, generate,
  hours corrected, hours final, hours onUpdate, join, late, latest, partitioned, rejects, sliding, spills, union,
  upsert delta, upsert files, view, visits final, visits onUpdate`.split(/,\s+/);
/** Inputs that are read in several ways. */
const inputs = long ? 20_000 : 840;
const WAYS = 6;
/** A third of the time of others that want to run, and all that they leave. */
const NICENESS = 5;
/** All tests may take as long as that, on a machine that has other work as well. */
const PATIENCE_MS = long ? 36_000_000 : 3_600_000;

/** What a command prints, also where it ends with 1. */
async function command(name: string, ...given: readonly string[]): Promise<string> {
  const script = join(root, `packages/simulation/src/${name}.ts`);
  const ended = promisify(execFile)(process.execPath, [script, ...given], { maxBuffer: 1 << 26 });
  // It runs beside all other tests, and takes what they leave of the cores. Threads have what is so before they start.
  if (ended.child.pid !== undefined) setPriority(ended.child.pid, NICENESS);
  // How far it is, while it runs.
  ended.child.stderr?.pipe(process.stderr);
  const { stdout } = await ended.catch((thrown: { stdout: string }) => thrown);
  process.stdout.write(stdout);
  return stdout;
}

test("a seed has one history, event by event", async () => {
  for (const seed of [3, 14, 159]) {
    const [first, second] = [await simulate(seed), await simulate(seed)];
    expect(second).toEqual(first);
  }
  expect((await simulate(4)).traceHash).not.toBe((await simulate(5)).traceHash);
});

test(
  "tables show each row once, whatever happens to processes, hosts, disks, stores and tables (pnpm sim)",
  async () => {
    const stdout = await command("sim", "--runs", String(runs), "--minutes", minutes);
    const { last, runs: reached, faults, met, drawn, lacking, adoptions } = readReport(stdout);
    expect(last).toMatch(
      new RegExp(`^\\d+ runs, \\d+ faults, \\d+ events, ${kinds} kinds of fault, 0 violations$`),
    );
    expect(minutes === "Infinity" ? reached : runs).toBe(runs);
    expect(faults).toBeGreaterThan(reached * FAULTS_EACH);
    expect(met).toHaveLength(kinds);
    const least = met.map(({ kind, counts }) => ({ kind, times: Math.min(...counts.slice(0, STEPS)) }));
    expect(least.filter(({ times }) => times < METS_MIN)).toEqual([]);
    expect(DRAWN.filter((word) => (drawn.get(word) ?? 0) < reached / 100)).toEqual([]);
    // Those that are too short for three checkpoints are none of these, and few.
    const short = [...lacking.values()].reduce((sum, times) => sum + times, 0);
    expect(short).toBeLessThan(reached / 15);
    expect(adoptions).toBeGreaterThan(reached / 100);
  },
  PATIENCE_MS,
);

test(
  "an input has one content, whatever batches, shards, schedules, checkpoints and logs it comes in",
  async () => {
    const { cases, last } = readReport(await command("sim", "--runs", "0", "--inputs", String(inputs)));
    expect(cases).toBe(inputs * WAYS);
    expect(last).toContain("0 violations");
  },
  PATIENCE_MS,
);

test(
  "an engine that is broken in one of the known ways is found out by its tables (pnpm sabotage)",
  async () => {
    // The whole engine has passed the seeds that were run above.
    const stdout = await command("sabotage", "--runs", "2000", "--passed", String(long ? 0 : runs));
    expect(stdout).not.toContain("NOT CAUGHT");
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/^(\d+) of \1 caught$/);
  },
  PATIENCE_MS,
);
