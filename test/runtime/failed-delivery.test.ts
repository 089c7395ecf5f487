import type { StateFile } from "@df/core/checkpoint/state-file";
import { pipeline, t } from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import { memoryTarget } from "@df/connectors/memory/target";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { hurrying, runInMemory, stateHere } from "../in-memory.ts";

const Row = t.row({ id: t.int() });
const rows = Array.from({ length: 200 }, (_, id) => ({ id }));
const copied = pipeline("copied", { checkpointEvery: "1ms", batchRows: 1 }, (p) =>
  p
    .from("log", memorySource(rows, Row, { bounded: false }))
    .to("out", memorySink("failed-delivery"), { commitEvery: { time: "1ms" } }),
);

/** A state whose first intent is stored without an answer, just before that to the next checkpoint comes. */
function withLostAnswer(state: StateFile, onIntent: () => void): StateFile {
  const committing = Promise.withResolvers<void>();
  const failing = Promise.withResolvers<void>();
  let asked = false;
  return {
    ...state,
    storeIntent: async (...given) => {
      onIntent();
      asked = true;
      await committing.promise;
      await state.storeIntent(...given);
      failing.resolve();
      throw new Error("the answer is lost");
    },
    commit: async (...given) => {
      await state.commit(...given);
      if (!asked) return;
      committing.resolve();
      await failing.promise;
      // The delivery learns of it first; the run looks only in its next turn.
      for (let step = 0; step < 50; step++) await Promise.resolve();
    },
  };
}

test("a delivery whose intent may be stored is not staged anew with the next checkpoint, but finished by the next run", async () => {
  const stateDirectory = newFolder("state");
  const clock = hurrying();
  let intents = 0;
  const openState = (directory: string, name: string): StateFile =>
    withLostAnswer(stateHere(directory, name), () => intents++);
  await expect(runInMemory(copied, { stateDirectory, clock, openState })).rejects.toThrow(
    "the answer is lost",
  );
  expect(intents).toBe(1);
  await runInMemory(copied, { stateDirectory });
  expect(memoryTarget("failed-delivery").changes.map(({ row }) => row["id"])).toEqual(
    rows.map(({ id }) => id),
  );
});
