/** The engine in simulated worlds (packages/simulation): many histories, and engines that are broken on purpose. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { simulate } from "@df/simulation";
import { compareWays } from "@df/simulation/metamorphic";
import { expect, test } from "vitest";
import { root } from "../command.ts";

const long = process.env["DATAFLOW_LONG"] === "1";
const runs = long ? 1_000_000 : 1_500;
const kinds = 23;
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
    const last = stdout.trimEnd().split("\n").at(-1);
    expect(last).toMatch(
      new RegExp(`^${runs} runs, \\d+ faults, \\d+ events, ${kinds} kinds of fault, 0 violations$`),
    );
    // Each fault meets each phase, and some come at the end; the first column of a line names the fault.
    const counts = stdout.split("\n").flatMap((line) => (/^[a-z/ ]+(?: +\d+){7}$/.test(line) ? [line] : []));
    expect(counts).toHaveLength(kinds);
    expect(Number(/; (\d+) adoptions;/.exec(stdout)?.[1])).toBeGreaterThan(runs / 100);
  },
  long ? 36_000_000 : 600_000,
);

test(
  "an input has one content, whatever batches, shards, schedules, checkpoints and logs it comes in",
  async () => {
    let cases = 0;
    for (let seed = 1; seed <= inputs; seed++) cases += await compareWays(seed, WAYS);
    process.stdout.write(`${cases} metamorphic cases\n`);
    expect(cases).toBe(inputs * WAYS);
  },
  long ? 36_000_000 : 600_000,
);

test("an engine that is broken in one of the known ways is found out by its tables (pnpm sabotage)", async () => {
  const stdout = await command("sabotage", "--runs", "600");
  expect(stdout).not.toContain("NOT CAUGHT");
  expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/^(\d+) of \1 caught$/);
}, 900_000);
