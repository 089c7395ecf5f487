import type { Marker } from "@df/core";
import { openStateThread } from "@df/core/checkpoint/state-thread";
import { prune } from "@df/core/plan/prune";
import { replay } from "@df/core/runtime/replay";
import { pipeline, t } from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";

const ROWS = 3;

/** A new state that reads a log up to one marker after the other, and how many rows each of them brought. */
async function followed(lives: readonly (readonly string[])[]): Promise<number[]> {
  const log = Array.from({ length: ROWS }, (_, n) => ({ n }));
  const source = memorySource({ a: log }, t.row({ n: t.int() }));
  const plan = prune(
    pipeline("replayed", (p) => p.from("log", source).to("out", memorySink("replayed"))).build(),
  );
  const stateDirectory = newFolder("replay");
  const state = openStateThread(stateDirectory, plan.name);
  const options = { stateDirectory, directory: stateDirectory, connectors: {} };
  const counts: number[] = [];
  try {
    for (const [at, live] of lives.entries()) {
      const written = {
        pipeline: plan.name,
        lineage: `lineage-${at}`,
        epoch: at + 1,
        hash: "",
        contentHash: "",
      };
      const shown = { positions: { log: { a: ROWS } }, live: { log: live }, clock: null };
      const marker: Marker = { ...written, ...shown };
      counts.push(await replay(marker, { plan, state, identity: await state.identity(), options }));
    }
  } finally {
    await state.close();
  }
  return counts;
}

test("of two targets at one place the one where a split had ended is followed after the one where it was live", async () => {
  expect(await followed([["a"], ["a"], []])).toEqual([ROWS, 0, 0]);
});

test("a target where a split was live is refused, with its epoch and lineage, behind one where the split had ended at the same place", async () => {
  await expect(followed([[], ["a"]])).rejects.toThrow(
    /^A target shows epoch 2 of lineage lineage-1, which was made while a split could still go on; .*DF_ADOPT_SOURCE/,
  );
});
