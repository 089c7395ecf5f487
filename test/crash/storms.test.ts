import { setTimeout } from "node:timers/promises";
import { Random } from "@df/testing/random";
import { expect, test } from "vitest";
import { Started, until } from "../cli/started.ts";
import { dataflow, newFolder, startDataflow } from "../command.ts";
import { missingReaders } from "../outside-readers.ts";
import { expectAnswer, pipeline, type Sinks } from "./judge.ts";

const STORMS = process.env["DATAFLOW_LONG"] === "1" ? 60 : 8;
const SLOW = { DATAFLOW_PAUSE_MS: "12", CRASH_ROW_MS: "4" };

/** Sends signals, some milliseconds apart. */
async function storm(run: Started, random: Random): Promise<void> {
  for (let left = 1 + random.below(6); left > 0; left--) {
    run.child.kill(random.oneIn(2) ? "SIGINT" : "SIGTERM");
    await setTimeout(random.below(4));
  }
}

test.skipIf(missingReaders !== undefined).each([
  ["delta", 1],
  ["others", 2],
] as const)(
  "storms of SIGTERM and SIGINT at any moment end a run with 130 or 143 and without a word, and nothing is lost (%s sinks, seed %d)",
  async (sinks: Sinks, seed: number) => {
    const random = new Random(seed);
    const folder = newFolder("storms");
    const ends: string[] = [];
    for (let i = 0; i < STORMS; i++) {
      const run = new Started(startDataflow(folder, ["run", pipeline], { ...SLOW, CRASH_SINKS: sinks }));
      // Half of them while it starts or soon after, the others while it works, whenever that is on this machine.
      if (i % 2 === 0) await setTimeout(200 + random.below(1500));
      else {
        await until("it works", () => run.stderr.includes("step: ") || run.child.exitCode !== null);
        await setTimeout(random.below(700));
      }
      await storm(run, random);
      const { code, stderr } = await run.ended();
      // Before the command has its handlers, which takes some hundred milliseconds, a signal ends any process.
      ends.push(run.child.signalCode ?? String(code));
      expect(stderr.replaceAll(/^step: .*\n/gm, "")).toBe("");
    }
    expect(ends.filter((end) => !["130", "143", "SIGINT", "SIGTERM"].includes(end))).toEqual([]);
    expect(ends.filter((end) => end === "130" || end === "143").length).toBeGreaterThan(0);
    expect(dataflow(folder, ["run", pipeline], { CRASH_SINKS: sinks })).toMatchObject({
      code: 0,
      stderr: "",
    });
    expectAnswer(folder, sinks);
  },
);
