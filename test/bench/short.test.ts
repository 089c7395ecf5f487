import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { root } from "../command.ts";

const LIMIT_MS = 600_000;

test(
  "beside its reference no benchmark takes three times as long as in the baseline",
  () => {
    const ended = spawnSync(process.execPath, ["bench/run.ts", "--short"], {
      cwd: root,
      encoding: "utf8",
      timeout: LIMIT_MS,
    });
    const lines = ended.stdout.split("\n");
    expect([lines.filter((line) => line.includes("TOO SLOW")), ended.stderr]).toEqual([[], ""]);
    expect(lines.length).toBeGreaterThan(10);
    expect(ended.status).toBe(0);
  },
  LIMIT_MS,
);
