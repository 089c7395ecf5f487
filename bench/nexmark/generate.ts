/**
 * Nexmark-like events as JSON Lines: 1 person, 3 auctions and 46 bids in each 50, out of order by up to 2 s, spread
 * over two files. The same number gives the same bytes.
 *
 *     node bench/nexmark/generate.ts EVENTS DIRECTORY
 */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const BASE_MS = 1_700_000_000_000;
const EVENTS_PER_SECOND = 5_000;
const DISORDER_MS = 2_000;
const FILES = 2;
const CHUNK_LINES = 20_000;

let state = 42;
/** A number below a limit (mulberry32). */
function draw(below: number): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
}

const letters = Array.from({ length: 4096 }, () => String.fromCharCode(97 + draw(26))).join("");
function text(length: number): string {
  const at = draw(letters.length - length);
  return letters.slice(at, at + length);
}
const cents = (): number => Math.round(10 ** (draw(1_000_000) / 166_667) * 100);

/** Where each file begins. */
const START = state;
let persons = 0;
let auctions = 0;
function eventAt(index: number, dateTime: number): object {
  const kind = index % 50;
  if (kind === 0) {
    const id = 1000 + persons++;
    return {
      type: "person",
      eid: index,
      id,
      name: `${text(6)} ${text(8)}`,
      city: text(9),
      dateTime,
      extra: text(60),
    };
  }
  if (kind < 4) {
    const id = 1000 + auctions++;
    const seller = 1000 + draw(persons);
    return {
      type: "auction",
      eid: index,
      id,
      itemName: text(15),
      description: text(70),
      initialBid: cents(),
      dateTime,
      seller,
      extra: text(90),
    };
  }
  const auction =
    draw(2) > 0
      ? 1000 + Math.floor((auctions - 1) / 100) * 100
      : 1000 + Math.max(0, auctions - 1 - draw(100));
  const bidder = 1000 + draw(persons);
  const url = `https://www.nexmark.com/${text(5)}/${text(5)}/item.htm?query=1&channel_id=${draw(1 << 20)}`;
  return {
    type: "bid",
    eid: index,
    auction,
    bidder,
    price: cents(),
    channel: `channel-${draw(10_000)}`,
    url,
    dateTime,
    extra: text(40),
  };
}

/** Writes so many events into a directory. */
export function generate(count: number, folder: string): void {
  state = START;
  persons = 0;
  auctions = 0;
  mkdirSync(folder, { recursive: true });
  const paths = Array.from({ length: FILES }, (_, file) => join(folder, `part-${file}.jsonl`));
  for (const path of paths) writeFileSync(path, "");
  const pending: string[][] = paths.map(() => []);
  const write = (file: number): void => {
    appendFileSync(paths[file] ?? "", pending[file]?.map((line) => `${line}\n`).join("") ?? "");
    pending[file] = [];
  };
  // Events wait in a slot per millisecond of their arrival.
  const slots: { file: number; line: string }[][] = Array.from({ length: DISORDER_MS + 1 }, () => []);
  const arrive = (ms: number): void => {
    for (const { file, line } of slots[ms % slots.length]?.splice(0) ?? []) {
      if ((pending[file]?.push(line) ?? 0) >= CHUNK_LINES) write(file);
    }
  };
  let now = 0;
  for (let index = 0; index < count; index++) {
    const at = Math.floor((index * 1000) / EVENTS_PER_SECOND);
    while (now < at) arrive(now++);
    slots[(at + draw(DISORDER_MS)) % slots.length]?.push({
      file: draw(FILES),
      line: JSON.stringify(eventAt(index, BASE_MS + at)),
    });
  }
  for (let rest = 0; rest <= DISORDER_MS; rest++) arrive(now++);
  paths.forEach((_, file) => write(file));
}

if (import.meta.main) {
  const [events = "0", folder = ""] = process.argv.slice(2);
  generate(Number(events), folder);
}
