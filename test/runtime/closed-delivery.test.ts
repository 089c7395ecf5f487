import { committerFactory } from "@df/connectors/memory/committer";
import type { StateFile } from "@df/core/checkpoint/state-file";
import type { CommitterFactory, TypedSource } from "@df/core";
import { pipeline, t } from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import { expect, test } from "vitest";
import { runInMemory, stateHere } from "../in-memory.ts";

const Row = t.row({ id: t.int() });

/** What a committer was asked for, in its order. */
function told(asked: string[], onClosed: () => void): CommitterFactory {
  return {
    open: async (...given) => {
      const inner = await committerFactory.open(...given);
      return {
        prepare: () => inner.prepare(),
        marker: () => inner.marker(),
        stage: (request) => {
          asked.push("stage");
          return inner.stage(request);
        },
        commit: (intent) => inner.commit(intent),
        close: async () => {
          asked.push("close");
          await inner.close();
          onClosed();
        },
      };
    },
  };
}

/** Gives one row, fails at the next poll once it may, and is closed after a while. */
function failing(mayFail: Promise<void>, closing: Promise<void>): TypedSource<t.infer<typeof Row>> {
  const inner = memorySource([{ id: 1 }], Row, { bounded: false });
  return {
    ...inner,
    open: async (context) => {
      const source = await inner.open(context);
      let polls = 0;
      return {
        splits: () => source.splits(),
        read: (...from) => {
          const reader = source.read(...from);
          const poll = async (rowsMax: number) => {
            if (polls++ === 0) return reader.poll(rowsMax);
            await mayFail;
            throw new Error("the source is gone");
          };
          return { poll, close: () => reader.close() };
        },
        close: () => closing,
      };
    },
  };
}

test("a checkpoint that is stored when a run has failed begins no delivery, whose sink is closed already", async () => {
  const storing = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const asked: string[] = [];
  const failed = pipeline("failed", { checkpointEvery: "1ms" }, (p) =>
    p
      .from("log", failing(storing.promise, over.promise))
      .to("out", memorySink("closed-delivery"), { commitEvery: { time: "1ms" } }),
  );
  const openState = (directory: string, name: string): StateFile => {
    const state = stateHere(directory, name);
    return {
      ...state,
      commit: async (...given) => {
        storing.resolve();
        await closed.promise;
        await state.commit(...given);
        // Sources take until then to close, and the state is closed behind them.
        setImmediate(over.resolve);
      },
    };
  };
  const connectors = { memory: told(asked, closed.resolve) };
  await expect(runInMemory(failed, { openState, connectors })).rejects.toThrow("the source is gone");
  expect(asked).toEqual(["close"]);
});
