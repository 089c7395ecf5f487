import { committerFactory } from "@df/connectors/parquet/committer";
import { memorySource } from "@df/connectors/memory/source";
import { adopt } from "@df/core/runtime/adopt";
import type { OnStep } from "@df/core/runtime/delivery";
import type { RunReport } from "@df/core/runtime/report";
import type { RunOptions } from "@df/core/runtime/run";
import { pipeline, t, tumbling, type PipelineDefinition } from "dataflow";
import { parquet } from "dataflow/parquet";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { contentOf, runInMemory } from "../in-memory.ts";

const MINUTE_MS = 60_000;
const Row = t.row({ at: t.timestamp() });
const minutes = (count: number) => Array.from({ length: count }, (_, minute) => ({ at: minute * MINUTE_MS }));
const logs = { short: minutes(4), long: minutes(11) };

/** When a split answers: "at once", "idle", or not before the promise resolves. */
type Answers = Readonly<Record<keyof typeof logs, "at once" | "idle" | Promise<void>>>;

function windowed(path: string, answers: Answers, onPoll?: () => void): PipelineDefinition {
  return pipeline("windowed", { checkpointEvery: "1ms" }, (p) => {
    p.from("rows", answering(answers, onPoll), { eventTime: "at", maxOutOfOrderness: "0s" })
      .window(tumbling("1m"))
      .aggregate("per-minute", (a) => ({ rows: a.count() }))
      .to("counts", parquet({ path }), { commitEvery: { time: "1ms", bytes: 1_000_000 } });
  });
}

/** Reads the logs, whose splits answer as is told. */
function answering(answers: Answers, onPoll: (() => void) | undefined) {
  const inner = memorySource(logs, Row, { bounded: false });
  return {
    ...inner,
    open: async (context: Parameters<typeof inner.open>[0]) => {
      const source = await inner.open(context);
      return {
        ...source,
        splits: () => source.splits(),
        close: () => source.close(),
        read: (...from: Parameters<typeof source.read>) => {
          const reader = source.read(...from);
          const answer = answers[from[0].id as keyof typeof logs];
          return {
            poll: async (rowsMax: number) => {
              onPoll?.();
              if (answer === "idle") return answer;
              if (answer !== "at once") await answer;
              return reader.poll(rowsMax);
            },
            close: () => reader.close(),
          };
        },
      };
    },
  };
}

test("what a split held back that had ended, and was not asked yet whether it had grown, is adopted as it was shown", async () => {
  const [stateDirectory, path] = [newFolder("state"), newFolder("table")];
  const connectors = { parquet: committerFactory };
  const options = { connectors, parallelism: 2 };
  const run = (plan: PipelineDefinition, more: Partial<RunOptions>): Promise<RunReport> =>
    runInMemory(plan, { ...options, ...more });
  // One split ends, the other has not spoken.
  const stop = new AbortController();
  let polls = 0;
  const first = windowed(path, { short: "at once", long: "idle" }, () => {
    if (++polls === 6) stop.abort();
  });
  expect(await run(first, { stateDirectory, signal: stop.signal })).toMatchObject({
    splits: { live: 1, ended: 1 },
  });
  // Now it speaks, and the one that had ended has not been heard: windows of its four minutes are shown, and no others.
  const heard = Promise.withResolvers<void>();
  const onStep: OnStep = async (step) => {
    if (step === "delivery recorded") throw new Error("gone");
  };
  const second = windowed(path, { short: heard.promise, long: "at once" });
  await expect(run(second, { stateDirectory, onStep })).rejects.toThrow("gone");
  heard.resolve();
  // The state is lost.
  const third = windowed(path, { short: "at once", long: "at once" });
  const again = newFolder("state");
  const adopted = await adopt(third.build(), {
    ...options,
    stateDirectory: again,
    directory: process.cwd(),
    unsafeStateFs: true,
  });
  expect(adopted.sinks).toMatchObject([{ sink: "counts" }]);
  const after = await run(third, { stateDirectory: again });
  const straight = await run(windowed(newFolder("straight"), { short: "at once", long: "at once" }), {});
  expect(contentOf(after)).toEqual(contentOf(straight));
});
