import { join } from "node:path";
import { expect, test } from "vitest";
import { Started } from "../cli/started.ts";
import { newFolder, root, startDataflow } from "../command.ts";

const long = process.env["DATAFLOW_LONG"] === "1";
const pipeline = join(root, "test/long/slow-sink-pipeline.ts");
/** Of 2,000 bytes each: in the long tests far more than the memory there is. */
const ROWS = long ? 1_500_000 : 50_000;
const MIB = 1024 * 1024;

interface Taken {
  readonly rows: number;
  readonly ids: number;
  readonly ms: number;
  readonly cpuMs: number;
  readonly peakBytes: number;
}

async function run(rows: number, msAThousand: number): Promise<Taken> {
  const env = {
    SLOW_ROWS: String(rows),
    SLOW_MS: String(msAThousand),
    NODE_OPTIONS: "--max-old-space-size=128",
  };
  const started = new Started(startDataflow(newFolder("slow"), ["run", pipeline], env));
  const { code, stdout, stderr } = await started.ended();
  if (code !== 0) throw new Error(`the run ended with ${code}: ${stderr}`);
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Taken;
}

test.skipIf(process.platform !== "linux")(
  "a run whose sink is eight times slower than its source stays below 512 MiB, and every row comes once",
  async () => {
    const quick = await run(ROWS / 5, 0);
    // By CPU time: how long it takes depends on who else runs.
    const slow = await run(ROWS, (8 * quick.cpuMs * 1000) / quick.rows);
    expect(slow).toMatchObject({ rows: ROWS, ids: (ROWS * (ROWS - 1)) / 2 });
    expect(slow.ms).toBeGreaterThan(8 * 5 * quick.cpuMs * 0.9);
    expect(slow.peakBytes / MIB).toBeLessThan(512);
  },
  1_200_000,
);
