import { pipeline, t, tumbling, type PipelineDefinition } from "dataflow";
import { memorySink, memorySource, memoryTarget } from "dataflow/memory";
import { expect, test } from "vitest";
import { outcomesOf, runInMemory } from "../in-memory.ts";

const Sale = t.row({ shop: t.string(), at: t.timestamp() });
const log = { all: [0, 1_000, 60_000, 2_000].map((at) => ({ shop: "a", at })) };

/** Windows of ten seconds, with a sink for their late rows or without. */
function perWindow(name: string, keepsLate: boolean): PipelineDefinition {
  return pipeline("per-window", (p) => {
    const windows = p
      .from("sales", memorySource(log, Sale, { bounded: true }), { eventTime: "at", maxOutOfOrderness: "1s" })
      .window(tumbling("10s"))
      .aggregate("windows", (a) => ({ sales: a.count() }));
    windows.to("rows", memorySink(`${name}-rows`));
    if (keepsLate) windows.late.to("late", memorySink(`${name}-late`));
  });
}

test("a run tells which steps have late rows that no sink takes", async () => {
  const lost = await runInMemory(perWindow("lost", false));
  expect([outcomesOf(lost, "windows")["late"], lost.lateUnread]).toEqual([1, ["windows"]]);
  const kept = await runInMemory(perWindow("kept", true));
  expect([outcomesOf(kept, "windows")["late"], kept.lateUnread]).toEqual([1, []]);
  expect(memoryTarget("kept-late").changes).toHaveLength(1);
});
