import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { generate } from "../../bench/nexmark/generate.ts";
import { newFolder, root } from "../command.ts";

const EVENTS = 200_000;
/** A few pieces of code depend on what is settled in the first rows. */
const TOGETHER_MAX = 10;

test("what a run has compiled is not thrown away at its first checkpoint", () => {
  const input = newFolder("compiled-once");
  generate(EVENTS, input);
  const run = ["bench/nexmark/run.ts", "q17", input, join(input, "out")];
  const { stdout } = spawnSync(process.execPath, ["--trace-opt", "--trace-deopt", ...run], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  expect(stdout).toContain(`${EVENTS} events`);
  expect(stdout.match(/completed optimizing/g)?.length).toBeGreaterThan(20);
  const together = stdout.match(/for deoptimization, reason: dependent property cell changed/g) ?? [];
  expect(together.length).toBeLessThan(TOGETHER_MAX);
});
