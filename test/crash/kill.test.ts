import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../command.ts";
import { deltaRows, missingReaders, python } from "../outside-readers.ts";
import { killLoop, type Phase } from "./kill-loop.ts";

const input = join(root, "examples/01-earthquakes/input/earthquakes.jsonl");
const KILLS = Number(process.env["CRASH_KILLS"] ?? (process.env["DATAFLOW_LONG"] === "1" ? 100 : 26));
const seeds = process.env["CRASH_SEED"] === undefined ? [1, 2, 3, 4] : [Number(process.env["CRASH_SEED"])];
const total = new Map<Phase, number>();

/** The answer of the crash pipeline is that of the example, computed without the engine. */
const gold = (): string[] => python("test/examples/earthquakes_oracle.py", input);

test.skipIf(missingReaders !== undefined).each(seeds)(
  "tables equal the answer after kill -9 at any moment (repeat with CRASH_SEED=%d pnpm unit test/crash)",
  async (seed) => {
    const { folders, kills } = await killLoop(seed, KILLS);
    for (const [phase, count] of Object.entries(kills)) {
      total.set(phase as Phase, (total.get(phase as Phase) ?? 0) + count);
    }
    for (const folder of folders) {
      expect(deltaRows(`${folder}/lake/gold`)).toEqual(gold());
      const bronze = deltaRows(`${folder}/lake/bronze`).map(
        (line) => (JSON.parse(line) as { id: string }).id,
      );
      expect([bronze.length, new Set(bronze).size]).toEqual([1707, 1707]);
    }
  },
  600_000,
);

test.skipIf(missingReaders !== undefined || seeds.length === 1)(
  "each phase of the protocol was hit at least five times",
  () => {
    process.stdout.write(`kills by phase: ${JSON.stringify(Object.fromEntries(total))}\n`);
    expect([...total.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(100);
    for (const phase of [
      "before the first checkpoint",
      "between checkpoint and intent",
      "between intent and commit",
      "after a commit",
    ] as const) {
      expect([phase, (total.get(phase) ?? 0) >= 5]).toEqual([phase, true]);
    }
  },
);
