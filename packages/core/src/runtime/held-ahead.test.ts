import { expect, test } from "vitest";
import type { HeldFrame, PlacedFrame } from "../checkpoint/records.ts";
import { HeldAhead } from "./held-ahead.ts";

/** Sinks that have made these frames, and a state that takes what it is sent when it is told to. */
function opened(bytesMin: number) {
  const made: PlacedFrame[] = [];
  const sent: { readonly epoch: number; readonly frames: readonly HeldFrame[] }[] = [];
  const failures: unknown[] = [];
  let taken = Promise.withResolvers<void>();
  const sinks = {
    untakenBytes: () => made.reduce((sum, { bytes }) => sum + bytes.length, 0),
    takeFrames: () => made.splice(0),
  };
  const state = {
    hold: async (epoch: number, frames: readonly HeldFrame[]) => {
      sent.push({ epoch, frames });
      await taken.promise;
    },
  };
  const ahead = new HeldAhead(sinks, state, { bytesMin, failed: (error) => failures.push(error) });
  const answer = async (error?: Error): Promise<void> => {
    const { resolve, reject } = taken;
    taken = Promise.withResolvers();
    if (error === undefined) resolve();
    else reject(error);
    await ahead.arrived();
  };
  return { made, sent, failures, ahead, answer };
}

const frame = (sink: string, shard: number, bytes = 4): PlacedFrame => ({
  sink,
  shard,
  rows: bytes,
  bytes: new Uint8Array(bytes),
});
const numbers = (frames: readonly HeldFrame[] = []): string[] =>
  frames.map(({ sink, shard, seq }) => `${sink}${shard}:${seq}`);

test("frames of a sink and shard have one sequence in an epoch, those sent ahead and the last ones", async () => {
  const { made, sent, ahead, answer } = opened(8);
  made.push(frame("a", 0), frame("b", 1));
  ahead.sendWhenDue(3);
  await answer();
  made.push(frame("a", 0), frame("a", 0));
  ahead.sendWhenDue(3);
  await answer();
  expect(sent.map(({ epoch, frames }) => [epoch, ...numbers(frames)])).toEqual([
    [3, "a0:0", "b1:0"],
    [3, "a0:1", "a0:2"],
  ]);
  const { held, ahead: before } = ahead.finish([frame("b", 1), frame("a", 0)]);
  expect(numbers(held)).toEqual(["b1:1", "a0:3"]);
  expect(before.map(({ sink, rows, bytes }) => [sink, rows, bytes])).toEqual([
    ["a", 4, 4],
    ["b", 4, 4],
    ["a", 4, 4],
    ["a", 4, 4],
  ]);
  const next = ahead.finish([frame("a", 0)]);
  expect([numbers(next.held), next.ahead]).toEqual([["a0:0"], []]);
});

test("little is not worth a message, and a state that is busy is sent all at once later", async () => {
  const { made, sent, ahead, answer } = opened(8);
  made.push(frame("a", 0));
  ahead.sendWhenDue(1);
  expect(sent).toEqual([]);
  for (let i = 0; i < 5; i++) {
    made.push(frame("a", 0));
    ahead.sendWhenDue(1);
  }
  expect(sent.map(({ frames }) => numbers(frames))).toEqual([["a0:0", "a0:1"]]);
  await answer();
  ahead.sendWhenDue(1);
  expect(numbers(sent[1]?.frames)).toEqual(["a0:2", "a0:3", "a0:4", "a0:5"]);
});

test("what the state could not take ends the run", async () => {
  const { made, failures, ahead, answer } = opened(1);
  made.push(frame("a", 0));
  ahead.sendWhenDue(1);
  await answer(new Error("disk full"));
  expect(failures).toEqual([new Error("disk full")]);
});
