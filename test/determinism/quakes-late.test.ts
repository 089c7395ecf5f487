import { expect, test } from "vitest";
import { memoryTarget } from "@df/connectors/memory/target";
import { newFolder } from "../command.ts";
import { contentOf, outcomesOf, runInMemory, shuffling, stateHere } from "../in-memory.ts";
import { latePipeline, type Logs, type Quake, quakes, SPLITS } from "./quakes-late.ts";

const HOUR = 3_600_000;
let names = 0;
const newName = (): string => `late-${++names}`;

/** Late rows by the definition, in a few lines: each log on its own, row by row. Times in ms, clocks 1 µs behind. */
function lateRows(logs: Logs, allowedLateness: number): Quake[] {
  return Object.values(logs).flatMap((log) => {
    let newest = -Infinity;
    return log.filter((quake) => {
      newest = Math.max(newest, quake.time);
      const clock = newest - HOUR - 0.001;
      const windowEnd = Math.floor(quake.time / HOUR) * HOUR + HOUR;
      return !(clock < windowEnd - 0.001 + allowedLateness);
    });
  });
}

const expected = [
  ["one log", "0s", 1010],
  ["one log", "24h", 304],
  ["by net", "0s", 831],
  ["by net", "24h", 285],
  ["every third line", "0s", 957],
  ["every third line", "24h", 300],
  ["two halves", "0s", 1010],
  ["two halves", "24h", 304],
] as const;

test.each(expected)(
  "events as %s with an allowed lateness of %s have %i late rows",
  async (split, allowedLateness, late) => {
    const logs = SPLITS[split];
    const name = newName();
    const report = await runInMemory(latePipeline({ logs, allowedLateness, name }));
    const outcomes = outcomesOf(report, "hours");
    expect([outcomes["late"], outcomes["folded"]]).toEqual([late, 1707 - late]);
    const ids = (rows: readonly unknown[]): string[] => rows.map((row) => (row as Quake).id).toSorted();
    const lateIds = ids(memoryTarget(`${name}-late`).changes.map(({ row }) => row));
    expect(lateIds).toEqual(ids(lateRows(logs, allowedLateness === "0s" ? 0 : 24 * HOUR)));
  },
);

test.each([
  ["0s", 411, 415],
  ["24h", 756, 760],
] as const)(
  "with an allowed lateness of %s %i hours fire before --drain and %i in all",
  async (allowedLateness, before, all) => {
    const windows = (name: string): number =>
      new Set(
        memoryTarget(`${name}-hours`).changes.map(
          ({ row }) => `${String(row["net"])} ${String(row["windowStart"])}`,
        ),
      ).size;
    const [open, drained] = [newName(), newName()];
    await runInMemory(latePipeline({ logs: SPLITS["one log"], allowedLateness, name: open }));
    await runInMemory(latePipeline({ logs: SPLITS["one log"], allowedLateness, name: drained }), {
      drain: true,
    });
    expect([windows(open), windows(drained)]).toEqual([before, all]);
  },
);

test("in-order input at a bound of 0 has no late row", async () => {
  const logs = { sorted: quakes.toSorted((a, b) => a.time - b.time) };
  const report = await runInMemory(
    latePipeline({ logs, allowedLateness: "0s", maxOutOfOrderness: "0s", name: newName() }),
  );
  expect(outcomesOf(report, "hours")["late"]).toBe(0);
});

test.each(["0s", "24h"] as const)(
  "tables are the same for every batch size and parallelism at an allowed lateness of %s",
  async (allowedLateness) => {
    for (const split of ["one log", "by net", "every third line"] as const) {
      const contents = new Set<string>();
      for (const batchRows of [1, 16, 256, 4096]) {
        for (const parallelism of [1, 2, 7]) {
          const definition = latePipeline({
            logs: SPLITS[split],
            allowedLateness,
            batchRows,
            name: newName(),
          });
          const report = await runInMemory(definition, { drain: true, parallelism, openState: stateHere });
          contents.add(JSON.stringify(contentOf(report)));
        }
      }
      expect([split, contents.size]).toEqual([split, 1]);
    }
  },
);

test.each(["0s", "24h"] as const)(
  "tables are the same for 100 random schedules at an allowed lateness of %s",
  async (allowedLateness) => {
    const contents = new Map<string, number>();
    for (let seed = 1; seed <= 100; seed++) {
      const shuffle = shuffling(seed);
      const definition = latePipeline({
        logs: SPLITS["every third line"],
        allowedLateness,
        batchRows: [3, 17, 90, 411][seed % 4] ?? 17,
        name: newName(),
      });
      const parallelism = 1 + (seed % 3);
      const options = { drain: true, parallelism, shuffle, openState: stateHere };
      const report = await runInMemory(definition, options);
      const content = JSON.stringify(contentOf(report));
      contents.set(content, contents.get(content) ?? seed);
    }
    // Otherwise the first seeds of tables that differ are shown.
    expect([...contents.values()]).toEqual([1]);
  },
);

test("an ended log that grows goes on at the clock that was reached, and loses nothing unseen", async () => {
  const stateDirectory = newFolder("state");
  const logs: Record<string, Quake[]> = { a: quakes.slice(0, 400), b: [] };
  const name = newName();
  const options = { stateDirectory };
  await runInMemory(latePipeline({ logs, allowedLateness: "24h", name }), options);
  logs["a"]?.push(...quakes.slice(400, 900));
  logs["b"]?.push(...quakes.slice(900));
  const report = await runInMemory(latePipeline({ logs, allowedLateness: "24h", name }), options);
  const outcomes = outcomesOf(report, "hours");
  expect((outcomes["late"] ?? 0) + (outcomes["folded"] ?? 0)).toBe(1707);
  expect(memoryTarget(`${name}-late`).changes).toHaveLength(outcomes["late"] ?? -1);
});
