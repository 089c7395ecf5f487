/** The engine in simulated worlds (packages/simulation): many histories, and engines that are broken on purpose. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { simulate } from "@df/simulation";
import { expect, test } from "vitest";
import { root } from "../command.ts";
import { readReport } from "./sim-report.ts";

const long = process.env["DATAFLOW_LONG"] === "1";
const runs = long ? 1_000_000 : 6_000;
const kinds = 23;
/** Each kind of fault meets each step of the protocol, the first columns of the report: so often at least. */
const METS_MIN = 20;
const STEPS = 6;
/** What a seed may draw: each of it is in one history of a hundred at least. */
const DRAWN =
  `1 shards, 2 shards, 4 shards, append delta, append files, append parquet, copy, days, first, generate,
  hours corrected, hours final, hours onUpdate, join, late, latest, partitioned, rejects, sliding, spills, union,
  upsert delta, upsert files, view, visits final, visits onUpdate`.split(/,\s+/);
/** Inputs that are read in several ways. */
const inputs = long ? 20_000 : 840;
const WAYS = 6;

/** What a command prints, also where it ends with 1. */
async function command(name: string, ...given: readonly string[]): Promise<string> {
  const script = join(root, `packages/simulation/src/${name}.ts`);
  const ended = promisify(execFile)(process.execPath, [script, ...given], { maxBuffer: 1 << 26 });
  const { stdout, stderr } = await ended.catch((thrown: { stdout: string; stderr: string }) => thrown);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
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
    const stdout = await command("sim", "--runs", String(runs));
    const { last, met, drawn, lacking, adoptions } = readReport(stdout);
    expect(last).toMatch(
      new RegExp(`^${runs} runs, \\d+ faults, \\d+ events, ${kinds} kinds of fault, 0 violations$`),
    );
    expect(met).toHaveLength(kinds);
    const least = met.map(({ kind, counts }) => ({ kind, times: Math.min(...counts.slice(0, STEPS)) }));
    expect(least.filter(({ times }) => times < METS_MIN)).toEqual([]);
    expect(DRAWN.filter((word) => (drawn.get(word) ?? 0) < runs / 100)).toEqual([]);
    // Few histories are too short for three checkpoints: they come beside the others.
    const short = [...lacking.values()].reduce((sum, times) => sum + times, 0);
    expect(short).toBeLessThan(runs / 20);
    expect(adoptions).toBeGreaterThan(runs / 100);
  },
  long ? 36_000_000 : 600_000,
);

test(
  "an input has one content, whatever batches, shards, schedules, checkpoints and logs it comes in",
  async () => {
    const { cases, last } = readReport(await command("sim", "--runs", "0", "--inputs", String(inputs)));
    expect(cases).toBe(inputs * WAYS);
    expect(last).toContain("0 violations");
  },
  long ? 36_000_000 : 600_000,
);

test("an engine that is broken in one of the known ways is found out by its tables (pnpm sabotage)", async () => {
  const stdout = await command("sabotage", "--runs", "600");
  expect(stdout).not.toContain("NOT CAUGHT");
  expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/^(\d+) of \1 caught$/);
}, 900_000);
