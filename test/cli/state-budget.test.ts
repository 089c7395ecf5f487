import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { RunReport } from "@df/core/runtime/report";
import { commandLine, dataflow, newFolder, startDataflow } from "../command.ts";

const ROWS = 60_000;
const KEYS = 40_000;
/** The smallest there is. */
const BUDGET = 1024 ** 2;

let folder: string;
/** What the table has when all state is in memory. */
let answer: string | undefined;

/** Each key comes again after a while, far from the rows that came with it before. */
function line(_: unknown, n: number): string {
  const key = (n * 7919) % KEYS;
  return JSON.stringify({
    id: `customer ${key}`,
    n,
    text: `row ${n} says ${"so much that it takes room ".repeat(8)}`,
  });
}

beforeAll(() => {
  folder = newFolder("budget");
  mkdirSync(join(folder, "input"));
  writeFileSync(join(folder, "input/a.jsonl"), `${Array.from({ length: ROWS }, line).join("\n")}\n`);
  writeFileSync(
    join(folder, "pipeline.ts"),
    `import { pipeline, t } from "dataflow";
import { delta } from "dataflow/delta";
import { files } from "dataflow/files";
import { json } from "dataflow/json";
const Row = t.row({ id: t.string(), n: t.int64(), text: t.string() });
const checkpointEvery = (process.env["CHECKPOINT"] ?? "50ms") as "50ms";
const isSlow = process.env["SLOW"] !== undefined;
export default pipeline("p", { checkpointEvery, batchRows: 1000 }, (p) => {
  p.from("rows", files({ path: "input/*.jsonl", decode: json(Row) }))
    .tap(({ n }) => {
      if (isSlow && n % 20n === 0n) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    })
    .groupBy("id")
    .latest("latest", { by: "n" })
    .to("out", delta({ path: process.env["OUT"] ?? "./out" }));
});
`,
  );
  answer = hashOf(run("memory").report);
});

/** Runs the pipeline to its end, with a state and a table of that name. */
function run(name: string, ...more: readonly string[]): { report: RunReport; stderr: string } {
  const given = ["run", "pipeline.ts", "--json", "--state-dir", `state-${name}`, ...more];
  const { code, stdout, stderr } = dataflow(folder, given, { OUT: `./${name}` });
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  return { report: JSON.parse(stdout) as RunReport, stderr };
}

function hashOf({ sinks }: RunReport): string | undefined {
  return sinks[0]?.contentHash;
}

/** Runs it until it has stored so many checkpoints, and kills it there. */
async function killed(name: string, checkpoints: number): Promise<void> {
  const given = ["run", "pipeline.ts", "--state-dir", `state-${name}`, "--state-budget", String(BUDGET)];
  const child = startDataflow(folder, given, {
    OUT: `./${name}`,
    SLOW: "1",
    DATAFLOW_PAUSE_MS: "1",
  });
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    if (said.split("checkpoint stored").length > checkpoints) child.kill("SIGKILL");
  });
  const signal = await new Promise((ended) => {
    child.on("exit", (_, by) => ended(by));
  });
  expect(signal).toBe("SIGKILL");
}

test("state of ten times its budget makes the same table, and the run says where it is", () => {
  const { report, stderr } = run("spilled", "--state-budget", "1MiB");
  expect(hashOf(report)).toBe(answer);
  const { limitBytes, residentBytes = 0, spilledBytes = 0 } = report.spilling ?? {};
  expect(limitBytes).toBe(BUDGET);
  expect(residentBytes + spilledBytes).toBeGreaterThan(10 * BUDGET);
  expect(stderr).toMatch(
    /^The state of pipeline "p" has outgrown its stateBudget of 1048576 bytes: .* Results are the same\.$/m,
  );
  expect(readdirSync(join(folder, "state-spilled/p"))).not.toContain("scratch");
});

test("a run that spills and is killed twice goes on from its checkpoints to the same table", async () => {
  await killed("killed", 6);
  await killed("killed", 4);
  const { report } = run("killed", "--state-budget", String(BUDGET), "--parallelism", "3");
  expect(hashOf(report)).toBe(answer);
  expect(report.rowsRead).toBeLessThan(ROWS);
});

test("a disk on which a state cannot be spilled ends the run in words; with room it goes on to the same table", () => {
  const given = commandLine(["run", "pipeline.ts", "--state-dir", "state-full", "--state-budget", "1MiB"]);
  const { status, stderr } = spawnSync("sh", ["-c", 'ulimit -f 4096; exec "$@"', "sh", ...given], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, OUT: "./full", CHECKPOINT: "1h" },
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /stateBudget cannot be written to the scratch file in .*state-full\/p: EFBIG.*Free disk space there.*\[DF_SCRATCH\]\n$/,
  );
  expect(hashOf(run("full", "--state-budget", "1MiB").report)).toBe(answer);
});

test("more keys than the memory for them ends the run in words, and a larger budget goes on", () => {
  const many = Array.from({ length: 150_000 }, (_, n) => JSON.stringify({ id: `key ${n}`, n, text: "" }));
  const keys = newFolder("keys");
  mkdirSync(join(keys, "input"));
  writeFileSync(join(keys, "input/a.jsonl"), `${many.join("\n")}\n`);
  const given = ["run", join(folder, "pipeline.ts")];
  const { code, stderr } = dataflow(keys, [...given, "--state-budget", "1MiB"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /Node "latest": Finding the rows of keyed state takes \d+ bytes.*\[DF_STATE_FULL\]\n$/,
  );
  expect(dataflow(keys, [...given, "--state-budget", "32MiB"])).toMatchObject({ code: 0 });
});
