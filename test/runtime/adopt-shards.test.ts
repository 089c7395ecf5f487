import { committerFactory } from "@df/connectors/parquet/committer";
import type { StateFile } from "@df/core/checkpoint/state-file";
import { adopt } from "@df/core/runtime/adopt";
import { pipeline, t, tumbling } from "dataflow";
import { memorySource } from "dataflow/memory";
import { parquet } from "dataflow/parquet";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { hurrying, runInMemory, stateHere } from "../in-memory.ts";

const Row = t.row({ at: t.timestamp() });
const rows = Array.from({ length: 40 }, (_, minute) => ({ at: minute * 60_000 }));

test("windows end while an adoption reads, also where a shard has no split of their source", async () => {
  const path = newFolder("table");
  const plan = pipeline("counted", { checkpointEvery: "1ms", batchRows: 4 }, (p) =>
    p
      .from("log", memorySource(rows, Row), { eventTime: "at", maxOutOfOrderness: "0s" })
      .window(tumbling("1m"))
      .aggregate("per-minute", (a) => ({ rows: a.count() }))
      .to("counts", parquet({ path })),
  );
  const options = { connectors: { parquet: committerFactory }, parallelism: 2, clock: hurrying() };
  await runInMemory(plan, { ...options, openState: stateHere });
  const held: number[] = [];
  const openState = (directory: string, name: string): StateFile => {
    const state = stateHere(directory, name);
    return {
      ...state,
      commit: (checkpoint) => {
        held.push(checkpoint.held.reduce((sum, frame) => sum + frame.rows, 0));
        return state.commit(checkpoint);
      },
    };
  };
  await adopt(plan.build(), { ...options, openState, stateDirectory: newFolder("state"), directory: "/" });
  expect(held.reduce((sum, count) => sum + count, 0)).toBe(rows.length);
  expect(Math.max(...held)).toBeLessThan(rows.length / 2);
});
