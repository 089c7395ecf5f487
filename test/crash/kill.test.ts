import { expect, test } from "vitest";
import { missingReaders } from "../outside-readers.ts";
import { expectAnswer, pipeline, type Sinks } from "./judge.ts";
import { killLoop, type Phase } from "./kill-loop.ts";

const isLong = process.env["DATAFLOW_LONG"] === "1";
/** Kills of each of the four jobs: 64 in all, and 4,000 in the long tests. */
const KILLS = Number(process.env["CRASH_KILLS"] ?? (isLong ? 1_000 : 16));
const only = process.env["CRASH_SEED"];
const seeds = only === undefined ? [1, 2] : [Number(only)];
const jobs = (["delta", "others"] as const).flatMap((sinks) => seeds.map((seed) => [sinks, seed] as const));
const total: Readonly<Record<Sinks, Map<Phase, number>>> = { delta: new Map(), others: new Map() };

test.skipIf(missingReaders !== undefined).each(jobs)(
  "tables equal the answer after kill -9 at any moment (%s sinks; repeat with CRASH_SEED=%d pnpm unit test/crash)",
  async (sinks, seed) => {
    const { folders, kills } = await killLoop({ pipeline, env: { CRASH_SINKS: sinks } }, seed, KILLS);
    for (const [phase, count] of Object.entries(kills)) {
      total[sinks].set(phase as Phase, (total[sinks].get(phase as Phase) ?? 0) + count);
    }
    for (const folder of folders) expectAnswer(folder, sinks);
  },
  isLong ? 14_400_000 : 600_000,
);

test.skipIf(missingReaders !== undefined || only !== undefined).each(["delta", "others"] as const)(
  "each phase of the protocol was hit at least twice (%s sinks)",
  (sinks) => {
    const hit = total[sinks];
    const kills = [...hit.values()].reduce((sum, count) => sum + count, 0);
    process.stdout.write(`${kills} kills, ${sinks}: ${JSON.stringify(Object.fromEntries(hit))}\n`);
    expect(kills).toBe(KILLS * seeds.length);
    for (const phase of [
      "before the first checkpoint",
      "between checkpoint and intent",
      "between intent and commit",
      "after a commit",
    ] as const) {
      expect([phase, (hit.get(phase) ?? 0) >= 2]).toEqual([phase, true]);
    }
  },
);
