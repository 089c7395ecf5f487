import { expect, test } from "vitest";
import type { CheckpointRecord } from "../checkpoint/records.ts";
import type { Source } from "../connector.ts";
import { Acknowledgements } from "./acknowledgements.ts";

function record(epoch: number): CheckpointRecord {
  const split = { source: "s", split: "0", timeMax: null, clock: null, lift: null, status: "live" } as const;
  return { epoch, splits: [{ ...split, position: epoch * 10 }], clocks: {}, ledger: [], drained: false };
}

/** What a source is told when sinks have shown some epochs of a thousand. */
async function told(...shown: readonly number[]): Promise<[number, unknown][]> {
  const heard: [number, unknown][] = [];
  const source: Source = {
    splits: async () => [],
    read: () => {
      throw new Error("nothing is read");
    },
    committed: async (epoch, positions) => void heard.push([epoch, positions.get("0")]),
    close: async () => {},
  };
  const acknowledgements = new Acknowledgements(new Map([["s", source]]), undefined, (error) => {
    throw error;
  });
  for (let epoch = 1; epoch <= 1000; epoch++) acknowledgements.stored(record(epoch));
  for (const epoch of shown) acknowledgements.shown(epoch);
  await acknowledgements.settled();
  return heard;
}

test("what all sinks show is acknowledged, with the positions of that epoch", async () => {
  expect(await told(1000)).toEqual([[1000, 10_000]]);
});

test("of many epochs that wait few are remembered: a source may be told of less than is shown, never of more", async () => {
  const [first, last] = await told(700, 1000);
  expect(first?.[0]).toBeGreaterThan(500);
  expect(first?.[0]).toBeLessThanOrEqual(700);
  expect(last).toEqual([1000, 10_000]);
});
