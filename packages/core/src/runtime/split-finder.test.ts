import { expect, test } from "vitest";
import type { SplitRecord } from "../checkpoint/records.ts";
import type { Source, Split } from "../connector.ts";
import type { Plan } from "../plan/plan.ts";
import { SPLITS_MAX, SplitFinder, type SplitTaker } from "./split-finder.ts";

const named = (from: number, count: number): Split[] =>
  Array.from({ length: count }, (_, n) => ({ id: `split ${from + n}` }));

/** Finds the splits of one source; says how many its runner was given. */
async function find(splits: readonly Split[], gone: readonly Split[]): Promise<number> {
  const given: Split[] = [];
  const taker: SplitTaker = {
    reads: () => false,
    add: (split) => void given.push(split),
  };
  const source: Source = {
    splits: async () => splits,
    read: () => {
      throw new Error("nothing is read");
    },
    close: async () => {},
  };
  const record = ({ id }: Split): SplitRecord => ({
    source: "s",
    split: id,
    timeMax: null,
    clock: null,
    lift: null,
    status: "ended",
  });
  const plan = { nodes: [{ kind: "source", id: "s" }] } as unknown as Plan;
  const finder = new SplitFinder({
    plan,
    sources: new Map([["s", source]]),
    runners: () => [taker],
    reached: () => 0,
    clock: { now: () => 0 },
    failed: (error) => {
      throw error;
    },
  });
  const last = { epoch: 1, splits: gone.map(record), clocks: {}, ledger: [], drained: false };
  await finder.find(last, true);
  return given.length;
}

test("as many splits as can be remembered are read, those that are known counted once", async () => {
  expect(await find(named(0, SPLITS_MAX), named(0, 10))).toBe(SPLITS_MAX);
});

test("more splits than can be remembered are refused, with those that are gone", async () => {
  await expect(find(named(0, SPLITS_MAX - 5), named(SPLITS_MAX, 6))).rejects.toThrow(
    /^Source "s" has had 100001 splits.*at most 100000.*\[DF_SPLITS\]$/,
  );
});
