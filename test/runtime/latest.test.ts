import { pipeline, t, type PipelineDefinition } from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { contentOf, lines, outcomesOf, runInMemory, shown, shuffling } from "../in-memory.ts";

const Bid = t.row({
  auction: t.int(),
  bidder: t.string().nullable(),
  price: t.int(),
  note: t.string(),
  at: t.timestamp(),
});
type Bid = Pick<t.infer<typeof Bid>, "auction" | "bidder" | "price" | "note"> & { at: number };
type Log = Readonly<Record<string, readonly Bid[]>>;

/** The last bid of each bidder on each auction, and how many bidders last bid how much. */
function lastBids(name: string, log: Log): PipelineDefinition {
  return pipeline("last-bids", (p) => {
    const last = p
      .from("bids", memorySource(log, Bid, { bounded: false }), { eventTime: "at", maxOutOfOrderness: "1s" })
      .groupBy("bidder", "auction")
      .latest("last", { by: ["at", "price"] });
    last.to("rows", memorySink(`${name}-rows`));
    last
      .changelog("changes")
      .groupBy("price")
      .aggregate("per-price", (a) => ({ bidders: a.count() }))
      .to("prices", memorySink(`${name}-prices`));
  });
}

/** Bids of two splits, out of order, with many of one time and price. */
function bids(count: number): Log {
  const all = Array.from({ length: count }, (_, i): Bid => {
    const n = i * 7919 + 13;
    const bidder = n % 4 === 0 ? null : `bidder ${n % 4}`;
    return { auction: n % 3, bidder, price: n % 5, note: `note ${n % 101}`, at: n % 7 };
  });
  return { left: all.filter((_, i) => i % 2 === 0), right: all.filter((_, i) => i % 2 > 0) };
}

function naive(log: Log): Bid[] {
  const groups = Map.groupBy(Object.values(log).flat(), ({ bidder, auction }) => `${bidder}/${auction}`);
  // The other columns are those of the group, and the note.
  const order = (a: Bid, b: Bid): number =>
    a.at - b.at || a.price - b.price || Buffer.compare(Buffer.from(a.note), Buffer.from(b.note));
  return [...groups.values()].flatMap((group) => group.toSorted(order).slice(-1));
}

test("the latest rows are those of all rows so far, run after run, and a view of them follows", async () => {
  const stateDirectory = newFolder("latest");
  let folded = 0;
  for (const count of [60, 61, 200]) {
    const log = bids(count);
    const report = await runInMemory(lastBids("grown", log), { stateDirectory });
    const expected = naive(log);
    const prices = [...Map.groupBy(expected, ({ price }) => price)].map(([price, rows]) => ({
      price,
      bidders: rows.length,
    }));
    expect(shown("grown-rows", ["bidder", "auction"])).toEqual(lines(expected));
    expect(shown("grown-prices", ["price"])).toEqual(lines(prices));
    folded = outcomesOf(report, "last")["folded"] ?? 0;
  }
  expect(folded).toBe(200);
});

test("the latest rows are the same in any schedule, on one shard or on several", async () => {
  const log = bids(120);
  const once = contentOf(await runInMemory(lastBids("once", log)));
  for (const [seed, parallelism] of [
    [1, 1],
    [2, 3],
    [3, 2],
  ] as const) {
    const report = await runInMemory(lastBids(`seed-${seed}`, log), {
      parallelism,
      shuffle: shuffling(seed),
    });
    expect(contentOf(report)).toEqual(once);
  }
});
