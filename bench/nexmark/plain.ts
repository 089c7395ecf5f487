/**
 * The queries as somebody writes them in an hour without an engine: `JSON.parse` of each line, a `Map`, and one file at
 * the end. Nothing is durable before that, everything stays in memory, and nothing comes out before the input ends.
 */
import { closeSync, mkdirSync, openSync, readdirSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const CHUNK_BYTES = 1024 * 1024;
const WINDOW_MS = 10_000;
const STEP_MS = 2_000;
const GAP_MS = 10_000;
const DAY_MS = 86_400_000;

interface Bid {
  readonly eid: number;
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly dateTime: number;
}

/** Takes each bid, and gives the lines of the result at the end. */
interface PlainQuery {
  readonly bid: (bid: Bid) => void;
  readonly lines: () => string[];
}

/** The value of a key, made where there is none. */
function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

const iso = (ms: number): string => new Date(ms).toISOString();

function q5(): PlainQuery {
  const windows = new Map<number, Map<number, { bids: number }>>();
  return {
    bid({ auction, dateTime }) {
      for (let start = dateTime - (dateTime % STEP_MS); start > dateTime - WINDOW_MS; start -= STEP_MS) {
        const groups = entry(windows, start, () => new Map<number, { bids: number }>());
        entry(groups, auction, () => ({ bids: 0 })).bids++;
      }
    },
    lines: () =>
      [...windows].flatMap(([start, groups]) =>
        Array.from(groups, ([auction, { bids }]) => `${auction},${iso(start)},${bids}`),
      ),
  };
}

function q7(): PlainQuery {
  interface Group {
    highest: number;
    bids: number;
  }
  const windows = new Map<number, Map<number, Group>>();
  return {
    bid({ auction, price, dateTime }) {
      const groups = entry(windows, dateTime - (dateTime % WINDOW_MS), () => new Map<number, Group>());
      const group = entry(groups, auction, () => ({ highest: price, bids: 0 }));
      group.bids++;
      if (price > group.highest) group.highest = price;
    },
    lines: () =>
      [...windows].flatMap(([start, groups]) =>
        Array.from(groups, ([auction, { highest, bids }]) => `${auction},${iso(start)},${highest},${bids}`),
      ),
  };
}

function q11(): PlainQuery {
  const times = new Map<number, number[]>();
  return {
    bid: ({ bidder, dateTime }) => void entry(times, bidder, () => []).push(dateTime),
    lines: () => {
      const lines: string[] = [];
      for (const [bidder, unsorted] of times) {
        const sorted = unsorted.toSorted((a, b) => a - b);
        let from = 0;
        for (let i = 1; i <= sorted.length; i++) {
          const [first, last, next] = [sorted[from] ?? 0, sorted[i - 1] ?? 0, sorted[i] ?? Infinity];
          if (next - last <= GAP_MS) continue;
          lines.push(`${bidder},${iso(first)},${iso(last)},${i - from}`);
          from = i;
        }
      }
      return lines;
    },
  };
}

function q17(): PlainQuery {
  const zero = { bids: 0, cheap: 0, middling: 0, dear: 0, lowest: Infinity, highest: -Infinity, total: 0 };
  const auctions = new Map<number, Map<number, typeof zero>>();
  return {
    bid({ auction, price, dateTime }) {
      const days = entry(auctions, auction, () => new Map<number, typeof zero>());
      const group = entry(days, dateTime - (dateTime % DAY_MS), () => ({ ...zero }));
      group.bids++;
      if (price < 10_000) group.cheap++;
      else if (price < 1_000_000) group.middling++;
      else group.dear++;
      if (price < group.lowest) group.lowest = price;
      if (price > group.highest) group.highest = price;
      group.total += price;
    },
    lines: () =>
      [...auctions].flatMap(([auction, days]) =>
        Array.from(days, ([day, group]) => [auction, day, ...Object.values(group)].join(",")),
      ),
  };
}

function q18(): PlainQuery {
  const bidders = new Map<number, Map<number, Bid>>();
  return {
    bid(bid) {
      const auctions = entry(bidders, bid.bidder, () => new Map<number, Bid>());
      const last = entry(auctions, bid.auction, () => bid);
      const isLater = bid.dateTime > last.dateTime || (bid.dateTime === last.dateTime && bid.eid > last.eid);
      if (isLater) auctions.set(bid.auction, bid);
    },
    lines: () =>
      [...bidders].flatMap(([bidder, auctions]) =>
        Array.from(
          auctions,
          ([auction, { dateTime, eid, price }]) => `${bidder},${auction},${dateTime},${eid},${price}`,
        ),
      ),
  };
}

const QUERIES: Readonly<Record<string, () => PlainQuery>> = { q5, q7, q11, q17, q18 };

/** Runs a query; the result is `result.csv` in the output directory. Returns how many events it has read. */
export function runPlain(name: string, input: string, output: string): number {
  const query = QUERIES[name]?.();
  if (query === undefined) throw new Error(`There is no plain query "${name}".`);
  let events = 0;
  for (const file of readdirSync(input)) {
    eachLine(join(input, file), (line) => {
      const event = JSON.parse(line) as Bid & { readonly type: string };
      events++;
      if (event.type === "bid") query.bid(event);
    });
  }
  mkdirSync(output, { recursive: true });
  writeFileSync(
    join(output, "result.csv"),
    query
      .lines()
      .map((line) => `${line}\n`)
      .join(""),
  );
  return events;
}

function eachLine(path: string, take: (line: string) => void): void {
  const file = openSync(path, "r");
  const buffer = Buffer.alloc(CHUNK_BYTES);
  for (let kept = 0; ;) {
    const length = kept + readSync(file, buffer, kept, CHUNK_BYTES - kept, null);
    if (length === kept) break;
    let from = 0;
    for (let end; (end = buffer.indexOf(10, from)) >= 0 && end < length; from = end + 1) {
      take(buffer.toString("utf8", from, end));
    }
    buffer.copy(buffer, 0, from, length);
    kept = length - from;
  }
  closeSync(file);
}
