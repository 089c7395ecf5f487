import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Random } from "@df/testing/random";
import { memorySink } from "dataflow/memory";
import { expect, test } from "vitest";
import { averages } from "../../examples/03-rxjs/pipeline.ts";
import { reading, readings } from "../../examples/03-rxjs/sensors.ts";
import { dataflow, newFolder, root, startDataflow } from "../command.ts";
import { newFolderOnDisk } from "../folder-on-disk.ts";
import { lines, runInMemory, shown, stateHere } from "../in-memory.ts";
import { deltaRows, missingReaders } from "../outside-readers.ts";

/** Readings of each sensor: four minutes, the last one not whole. */
const READINGS = 20;
const TIMINGS = 100;
/** One run in so many is stopped or fails at some step, and is started again. */
const BROKEN = 5;
/** Processes that are killed. */
const KILLS = 8;
const pipelineFile = join(root, "examples/03-rxjs/pipeline.ts");
/** Runs at a time. */
const BESIDE = 10;

/** The answer without the engine: sensor, minute in milliseconds, readings and mean. */
function answer(count: number): object[] {
  const minutes = new Map<string, { sensor: string; windowStart: number; of: number[] }>();
  for (const sensor of ["attic", "cellar"]) {
    for (let n = 0; n < count; n++) {
      const { at, celsius } = reading(sensor, n);
      const windowStart = Math.floor(at.getTime() / 60_000) * 60_000;
      const key = `${sensor} ${windowStart}`;
      const minute = minutes.get(key) ?? { sensor, windowStart, of: [] };
      minute.of.push(celsius);
      minutes.set(key, minute);
    }
  }
  return [...minutes.values()].map(({ sensor, windowStart, of }) => ({
    sensor,
    windowStart,
    readings: of.length,
    mean: of.reduce((sum, each) => sum + each, 0) / of.length,
  }));
}

class Breakdown extends Error {}

/** Runs the example once, with timings of its own, until its end, or until it is stopped or fails after some steps. */
async function once(random: Random, folder: string, ending: "end" | "stop" | "break"): Promise<void> {
  const stop = new AbortController();
  let steps = ending === "end" ? Infinity : random.below(12);
  const sent$ = readings({
    readings: READINGS,
    everyMs: 1 + random.below(2),
    delayMs: () => random.below(4),
  });
  const definition = averages(sent$, { inbox: "./inbox", results: memorySink(folder) });
  const plan = { ...definition.build(), checkpointEvery: 10_000 };
  const options = {
    stateDirectory: folder,
    directory: folder,
    signal: stop.signal,
    openState: stateHere,
    onStep: async () => {
      if (--steps > 0) return;
      steps = Infinity;
      if (ending === "break") throw new Breakdown();
      stop.abort();
    },
  };
  try {
    await runInMemory({ ...definition, build: () => plan }, options);
  } catch (error) {
    if (!(error instanceof Breakdown)) throw error;
  }
}

/** Runs the example with the timings of a seed until its input has ended; gives the table. */
async function tableOf(seed: number): Promise<string[]> {
  const random = new Random(seed);
  const folder = newFolder("rxjs");
  for (let broken = 0; seed % BROKEN === 0 && broken < 2; broken++) {
    await once(random, folder, random.oneIn(2) ? "stop" : "break");
  }
  await once(random, folder, "end");
  const rows = shown(folder, ["sensor", "windowStart"]).map((line) => {
    const { sensor, windowStart, readings: count, mean } = JSON.parse(line) as Record<string, unknown>;
    return { sensor, windowStart, readings: count, mean };
  });
  return lines(rows);
}

test(`the averages of 03-rxjs are the answer for ${TIMINGS} random timings, with stops and failures among them`, async () => {
  const expected = lines(answer(READINGS));
  for (let first = 1; first <= TIMINGS; first += BESIDE) {
    const seeds = Array.from({ length: BESIDE }, (_, i) => first + i);
    const tables = await Promise.all(seeds.map(async (seed) => [seed, await tableOf(seed)]));
    expect(tables).toEqual(seeds.map((seed) => [seed, expected]));
  }
});

test.skipIf(missingReaders !== undefined)("03-rxjs runs as it stands, and again finds nothing new", () => {
  const folder = newFolder("rxjs");
  const first = dataflow(folder, ["run", pipelineFile]);
  expect(first).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/exactly once/) });
  expect(deltaRows(join(folder, "lake/sensors"))).toHaveLength(30);
  const second = dataflow(folder, ["run", pipelineFile]);
  expect(second).toMatchObject({ code: 0, stdout: expect.stringMatching(/there is nothing new/) });
});

test.skipIf(missingReaders !== undefined)(
  "03-rxjs comes to the answer after kill -9 at any moment",
  async () => {
    const random = new Random(3);
    const folder = newFolderOnDisk("rxjs-kill");
    for (let kills = 0; kills < KILLS; kills++) {
      const child = startDataflow(folder, ["run", pipelineFile]);
      const exited = new Promise((resolve) => child.once("exit", resolve));
      await Promise.race([setTimeout(400 + random.below(1500)), exited]);
      child.kill("SIGKILL");
      await exited;
    }
    expect(dataflow(folder, ["run", pipelineFile])).toMatchObject({ code: 0, stderr: "" });
    const rows = deltaRows(join(folder, "lake/sensors")).map((line) => {
      const { sensor, windowStart, readings: count, mean } = JSON.parse(line) as Record<string, unknown>;
      return { sensor, windowStart: Number(windowStart) / 1000, readings: Number(count), mean };
    });
    expect(lines(rows)).toEqual(lines(answer(90)));
  },
);

test("03-rxjs shows its results as an Observable from code: the last row of each minute is the answer", () => {
  const main = join(root, "examples/03-rxjs/main.ts");
  const ended = spawnSync(process.execPath, [main], { cwd: newFolderOnDisk("rxjs"), encoding: "utf8" });
  expect([ended.status, ended.stderr]).toEqual([0, ""]);
  const [last, ...told] = ended.stdout.trimEnd().split("\n").toReversed();
  expect(last).toBe("drained: 180 readings");
  const rows = told.toReversed().map((line) => JSON.parse(line) as { readonly windowStart: number });
  const minutes = new Map(rows.map((row) => [row.windowStart, row]));
  const shownLast = [...minutes.values()].toSorted((a, b) => a.windowStart - b.windowStart);
  const attic = answer(90).filter((row) => "sensor" in row && row.sensor === "attic");
  expect(shownLast).toMatchObject(attic);
});
