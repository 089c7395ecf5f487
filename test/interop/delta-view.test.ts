import { pipeline, t } from "dataflow";
import { delta } from "dataflow/delta";
import { memorySource } from "dataflow/memory";
import { describe, expect, test } from "vitest";
import { deltaRows, missingReaders, python } from "../outside-readers.ts";
import { canonicalLines, sameForm } from "./canonical-lines.ts";
import { delivering } from "./delivering.ts";

const Bid = t.row({ auction: t.int(), bidder: t.string(), price: t.int64() });
type Bid = t.input<typeof Bid>;
const View = t.row({ auction: t.int(), bids: t.int(), top: t.int64(), cheap: t.int64().nullable() });

const CHEAP = 100n;

function bidsOf(delivery: number): Bid[] {
  return Array.from({ length: 30 }, (_, i) => {
    const n = delivery * 30 + i;
    return { auction: (n * 13) % (7 + delivery), bidder: `b${n % 4}`, price: BigInt((n * 7919) % 311) };
  });
}

function expected(bids: readonly Bid[]): string[] {
  const groups = Map.groupBy(bids, ({ auction }) => auction);
  const rows = [...groups].map(([auction, group]) => {
    const prices = group.map(({ price }) => price);
    const cheap = prices.filter((price) => price < CHEAP);
    return {
      auction,
      bids: group.length,
      top: prices.reduce((a, b) => (a > b ? a : b)),
      cheap: cheap.length === 0 ? null : cheap.reduce((a, b) => a + b),
    };
  });
  return canonicalLines(View.schema, rows);
}

describe.skipIf(missingReaders !== undefined)(
  `Delta, views${missingReaders === undefined ? "" : ` (${missingReaders})`}`,
  () => {
    test("delta-rs reads in each version a row per group, with all rows up to that delivery", async () => {
      const log: Bid[] = [];
      const definition = pipeline("view", { checkpointEvery: "1ms" }, (p) => {
        p.from("bids", memorySource(log, Bid, { bounded: false }))
          .groupBy("auction")
          .aggregate("per-auction", (a) => ({
            bids: a.count(),
            top: a.max("price"),
            cheap: a.where((bid) => bid.price < 100n).sum("price"),
          }))
          .to("out", delta({ path: "./table" }), { commitEvery: { bytes: 1 } });
      });
      const { table, deliverEach } = delivering(definition);
      const shown: string[][] = [];
      const versions = await deliverEach(5, () => {
        log.push(...bidsOf(shown.length));
        shown.push(expected(log));
      });
      for (const [i, version] of versions.entries()) {
        expect(sameForm(deltaRows(table, "--version", String(version)))).toEqual(shown[i]);
      }
      const [hash, marker] = python("test/interop/content_hash.py", table);
      expect(hash).toBe(marker);
    });
  },
);
