import { expect, test } from "vitest";
import { missingReaders } from "../outside-readers.ts";
import { expectAnswer, pipeline } from "./judge.ts";
import { killLoop } from "./kill-loop.ts";

const KILLS = Number(process.env["CRASH_KILLS"] ?? (process.env["DATAFLOW_LONG"] === "1" ? 50 : 8));
const seed = Number(process.env["CRASH_SEED"] ?? 3);

test.skipIf(missingReaders !== undefined)(
  "tables equal the answer after kill -9 at any moment of runs with decode threads",
  async () => {
    const env = { CRASH_SINKS: "delta", DATAFLOW_DECODE_THREADS: "2" };
    const { folders } = await killLoop({ pipeline, env }, seed, KILLS);
    expect(folders.length).toBeGreaterThan(0);
    for (const folder of folders) expectAnswer(folder, "delta");
  },
  600_000,
);
