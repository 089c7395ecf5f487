import { pipeline, t, tumbling, type PipelineDefinition } from "dataflow";
import { memorySink } from "dataflow/memory";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { runInMemory } from "../in-memory.ts";
import { gatedSource, type Gates } from "./gated-source.ts";

const HOUR = 3_600_000;
const Row = t.row({ key: t.string(), at: t.timestamp() });
type PlainRow = { readonly key: string; readonly at: number };
const rowsAt = (...hours: readonly number[]): PlainRow[] =>
  hours.map((hour) => ({ key: "k", at: hour * HOUR }));

function hourly(gates: Gates<PlainRow>, name: string): PipelineDefinition {
  return pipeline("waiting", { checkpointEvery: "5ms" }, (p) => {
    p.from("log", gatedSource(gates, Row), { eventTime: "at", maxOutOfOrderness: "30m" })
      .keyBy("key")
      .window(tumbling("1h"))
      .aggregate("hourly", (a) => ({ rows: a.count() }))
      .window(tumbling("2h"))
      .aggregate("two-hourly", (a) => ({ rows: a.sum("rows") }))
      .to("out", memorySink(name));
  });
}

test.each([1, 3])(
  "a window is given by a row of the time that its step says, and by none before, at parallelism %i",
  async (parallelism) => {
    const stateDirectory = newFolder("state");
    const logs = { a: rowsAt(0.2, 0.75) };
    const definition = hourly({ logs, silent: new Set() }, `waiting-${parallelism}`);
    const run = async () => {
      const { waiting = [], ledger } = await runInMemory(definition, { stateDirectory, parallelism });
      const told = waiting.find(({ node }) => node === "hourly")?.heldBy;
      return { told, given: ledger.find(({ node }) => node === "hourly")?.rowsOut };
    };
    const { told } = await run();
    // The hour ends at 1:00, and the bound is half an hour.
    expect(told).toMatchObject({ kind: "end", split: "a", behind: 0, needs: 1.5 * HOUR * 1000 });
    logs.a.push({ key: "k", at: 1.5 * HOUR - 1 });
    expect((await run()).given).toBe(0);
    logs.a.push({ key: "k", at: 1.5 * HOUR });
    const { given, told: next } = await run();
    expect(given).toBe(1);
    expect(next).toMatchObject({ needs: 2.5 * HOUR * 1000 });
  },
);

test("while a pipeline runs, the silent split that holds its windows back is named, also behind other windows", async () => {
  const stop = new AbortController();
  const gates: Gates<PlainRow> = {
    logs: { fast: rowsAt(0.5, 6.5), slow: rowsAt(0.2, 0.75) },
    silent: new Set(),
  };
  let polls = 0;
  gates.onPoll = (split, rows) => void (split === "fast" && rows === 0 && ++polls === 3 && stop.abort());
  const report = await runInMemory(hourly(gates, "waiting-split"), { follow: true, signal: stop.signal });
  const slow = { kind: "split", source: "log", split: "slow", behind: 5.75 * HOUR * 1000, idleTimeout: null };
  expect(report.waiting).toMatchObject([{ node: "hourly", windows: 2, heldBy: slow }]);
});
