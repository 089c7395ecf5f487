import { pipeline, t, type PipelineDefinition } from "dataflow";
import { memorySink, memorySource, memoryTarget } from "dataflow/memory";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { contentOf, lines, outcomesOf, runInMemory, shown } from "../in-memory.ts";

const Bid = t.row({ auction: t.int(), day: t.int(), price: t.int() });
type Bid = t.infer<typeof Bid>;

const isCheap = (bid: { price: number }): boolean => {
  if (bid.price < 0) throw new Error("a price below 0");
  return bid.price < 100;
};

/** The view of each auction and day, and a view of that view: what auctions there were of each number of bids. */
function views(name: string, log: readonly Bid[]): PipelineDefinition {
  return pipeline("views", { rejected: memorySink(`${name}-rejected`) }, (p) => {
    const perDay = p
      .from("bids", memorySource(log, Bid, { bounded: false }))
      .groupBy("auction", "day")
      .aggregate("per-day", (a) => {
        const cheap = a.where(isCheap);
        return { bids: a.count(), top: a.max("price"), cheap: cheap.count(), spent: cheap.sum("price") };
      });
    perDay.to("days", memorySink(`${name}-days`));
    perDay
      .changelog("changes")
      .groupBy("bids")
      .aggregate("per-count", (a) => ({ auctions: a.count(), tops: a.sum("top") }))
      .to("spread", memorySink(`${name}-spread`));
  });
}

function bids(count: number, from = 0): Bid[] {
  return Array.from({ length: count }, (_, i) => {
    const n = (from + i) * 7919;
    return { auction: n % 5, day: n % 3, price: n % 211 };
  });
}

function naiveDays(log: readonly Bid[]): { auction: number; day: number; bids: number; top: number }[] {
  const groups = Map.groupBy(log, ({ auction, day }) => `${auction}/${day}`);
  return [...groups.values()].map((group) => {
    const cheap = group.map(({ price }) => price).filter((price) => price < 100);
    const { auction = 0, day = 0 } = group[0] ?? {};
    const spent = cheap.length === 0 ? null : cheap.reduce((sum, price) => sum + price, 0);
    const top = Math.max(...group.map(({ price }) => price));
    return { auction, day, bids: group.length, top, cheap: cheap.length, spent };
  });
}

function naiveSpread(log: readonly Bid[]): object[] {
  const groups = Map.groupBy(naiveDays(log), ({ bids: number }) => number);
  return [...groups].map(([number, days]) => ({
    bids: number,
    auctions: days.length,
    tops: days.reduce((sum, { top }) => sum + top, 0),
  }));
}

test("views show all rows so far, run after run, and a view of a view follows it", async () => {
  const log: Bid[] = [];
  const stateDirectory = newFolder("views");
  for (const count of [40, 1, 25]) {
    log.push(...bids(count, log.length));
    await runInMemory(views("grown", log), { stateDirectory });
    expect(shown("grown-days", ["auction", "day"])).toEqual(lines(naiveDays(log)));
    expect(shown("grown-spread", ["bids"])).toEqual(lines(naiveSpread(log)));
  }
});

test("views show the same whether rows come in one run or in several, on one shard or on several", async () => {
  const all = bids(60);
  const once = await runInMemory(views("once", all));
  const stateDirectory = newFolder("views");
  await runInMemory(views("twice", all.slice(0, 20)), { stateDirectory, parallelism: 3 });
  const twice = await runInMemory(views("twice", all), { stateDirectory, parallelism: 3 });
  expect(contentOf(twice)).toEqual(contentOf(once));
});

test("a row that a condition throws on goes to the place for refused rows, and counts in no view", async () => {
  const log = [...bids(10), { auction: 1, day: 1, price: -5 }];
  const report = await runInMemory(views("refused", log));
  expect(shown("refused-days", ["auction", "day"])).toEqual(lines(naiveDays(log.slice(0, 10))));
  expect(outcomesOf(report, "per-day")).toMatchObject({ folded: 10, quarantined: 1 });
  expect(memoryTarget("refused-rejected").changes.map(({ row }) => [row["node"], row["reason"]])).toEqual([
    ["per-day", "a price below 0"],
  ]);
});
