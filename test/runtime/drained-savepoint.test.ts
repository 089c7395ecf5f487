import { pipeline, t } from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { runInMemory, stateHere } from "../in-memory.ts";

const Row = t.row({ id: t.int() });
const drained = pipeline("drained", (p) =>
  p.from("log", memorySource([{ id: 1 }], Row)).to("out", memorySink("drained")),
);

test("a savepoint that is asked of a drained pipeline, which only looks whether it has new rows, is refused and not waited for", async () => {
  const options = { stateDirectory: newFolder("state"), openState: stateHere };
  await runInMemory(drained, options);
  let asked: Promise<unknown> | undefined;
  const report = await runInMemory(drained, {
    ...options,
    onStart: (handle) => {
      asked = handle.savepoint({ name: "late", created: "2026-01-01T00:00:00.000Z" });
    },
  });
  expect(report.ended).toBe("nothing new");
  await expect(asked).rejects.toThrow("DF_RUN_ENDED");
});
