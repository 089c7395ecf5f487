import { memoryTarget } from "@df/connectors/memory/target";
import { pipeline, sliding, t, type PipelineDefinition } from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import { expect, test } from "vitest";
import { contentOf, runInMemory, shuffling } from "../in-memory.ts";
import { type Logs, quakes, SPLITS } from "./quakes-late.ts";

const HOUR = 3_600_000;
const Row = t.row({ id: t.string(), time: t.timestamp(), net: t.string(), mag: t.float64() });

/** Quakes of the last six hours per net, each hour; nothing is late within a week. */
function recent(name: string, logs: Logs, batchRows = 4096): PipelineDefinition {
  return pipeline("quakes-sliding", { batchRows }, (p) => {
    p.from("quakes", memorySource(logs, Row), { eventTime: "time", maxOutOfOrderness: "7d" })
      .keyBy("net")
      .window(sliding("6h", "1h"))
      .aggregate("recent", (a) => ({ quakes: a.count(), strongest: a.max("mag") }))
      .to("out", memorySink(name));
  });
}

/** Each event in each of its windows, by the definition. */
function naive(): string[] {
  const windows = new Map<string, { quakes: number; strongest: number }>();
  for (const { net, time, mag } of quakes) {
    for (let start = Math.floor(time / HOUR) * HOUR - 5 * HOUR; start <= time; start += HOUR) {
      const window = windows.get(`${net} ${start}`) ?? { quakes: 0, strongest: -Infinity };
      windows.set(`${net} ${start}`, {
        quakes: window.quakes + 1,
        strongest: Math.max(window.strongest, mag),
      });
    }
  }
  return [...windows]
    .map(([window, { quakes: count, strongest }]) => `${window} ${count} ${strongest}`)
    .toSorted();
}

test("sliding windows hold what a naive count finds, for every batch size, parallelism and split of the log", async () => {
  const contents = new Set<string | undefined>();
  const runs = [
    { logs: SPLITS["one log"], batchRows: 4096, parallelism: 1 },
    { logs: SPLITS["by net"], batchRows: 50, parallelism: 2 },
    { logs: SPLITS["every third line"], batchRows: 7, parallelism: 7 },
  ];
  for (const [index, { logs, batchRows, parallelism }] of runs.entries()) {
    const name = `sliding-${index}`;
    const report = await runInMemory(recent(name, logs, batchRows), {
      parallelism,
      shuffle: shuffling(index + 1),
    });
    contents.add(contentOf(report)["out"]);
    const rows = memoryTarget(name).changes.map(
      ({ row }) =>
        `${String(row["net"])} ${String(row["windowStart"])} ${String(row["quakes"])} ${String(row["strongest"])}`,
    );
    expect(rows.toSorted()).toEqual(naive());
  }
  expect(contents.size).toBe(1);
});
