import { cpSync } from "node:fs";
import { committerFactory } from "@df/connectors/parquet/committer";
import { adopt } from "@df/core/runtime/adopt";
import type { OnStep } from "@df/core/runtime/delivery";
import type { RunReport } from "@df/core/runtime/report";
import type { RunOptions } from "@df/core/runtime/run";
import { pipeline, t, type PipelineDefinition } from "dataflow";
import { parquet } from "dataflow/parquet";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { contentOf, runInMemory } from "../in-memory.ts";
import { gatedSource } from "./gated-source.ts";

const Row = t.row({ id: t.int() });
const idsFrom = (first: number) => Array.from({ length: 300 }, (_, index) => ({ id: first + index }));
const logs = { early: idsFrom(0), late: idsFrom(1000) };

function copied(path: string, silent: Set<string> = new Set()): PipelineDefinition {
  return pipeline("copied", { batchRows: 3, checkpointEvery: "1ms" }, (p) => {
    p.from("rows", gatedSource({ logs, silent }, Row)).to("copy", parquet({ path }), {
      commitEvery: { time: "1ms", bytes: 1_000_000 },
    });
  });
}

test("a state whose copy was taken while older epochs were delivered is adopted: they are what it held", async () => {
  const [stateDirectory, backup, target] = [newFolder("state"), newFolder("backup"), newFolder("table")];
  const silent = new Set(["late"]);
  const taken = Promise.withResolvers<void>();
  let checkpoints = 0;
  let stagedAt: number | undefined;
  const onStep: OnStep = async (step) => {
    // The delivery is shown, and the process that knows of it is gone.
    if (step === "delivery recorded") throw new Error("gone");
    if (step === "staged") {
      stagedAt = checkpoints;
      silent.delete("late");
      await taken.promise;
    } else if (step === "checkpoint stored" && ++checkpoints === (stagedAt ?? Infinity) + 2) {
      // Nothing is written now: the delivery waits as well.
      cpSync(stateDirectory, backup, { recursive: true });
      taken.resolve();
    }
  };
  const connectors = { parquet: committerFactory };
  const run = (plan: PipelineDefinition, more: Partial<RunOptions>): Promise<RunReport> =>
    runInMemory(plan, { connectors, ...more });
  await expect(run(copied(target, silent), { stateDirectory, onStep })).rejects.toThrow("gone");
  await expect(run(copied(target), { stateDirectory: backup })).rejects.toThrow("DF_SINK_AHEAD");
  const options = { stateDirectory: backup, directory: process.cwd(), unsafeStateFs: true, connectors };
  const { rowsRead } = await adopt(copied(target).build(), options);
  expect(rowsRead).toBe(0);
  const after = await run(copied(target), { stateDirectory: backup });
  expect(contentOf(after)).toEqual(contentOf(await run(copied(newFolder("straight")), {})));
});
