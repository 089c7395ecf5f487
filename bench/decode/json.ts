/**
 * Measures how long JSON Lines take to decode: by code for their layout, interpreted, and with JSON.parse.
 *
 *     node bench/decode/json.ts [SHAPE]
 *
 * Each measurement runs in a process of its own, the three alternating, and counts the CPU time of the whole process
 * behind the first pass, which warms up. Prints nanoseconds of CPU a row, and MB/s; the best of three.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { pick, t } from "@df/core";
import { json } from "@df/formats";

const ROWS = 100_000;
const PASSES = 6;
const CHUNK_BYTES = 256 * 1024;
const ROUNDS = 3;

const Bid = t.row({
  type: t.string(),
  eid: t.int(),
  auction: t.int().optional(),
  bidder: t.int().optional(),
  price: t.int().optional(),
  channel: t.string().optional(),
  url: t.string().optional(),
  dateTime: t.timestamp({ json: "ms" }),
  extra: t.string().optional(),
});
const Quake = t.row({
  id: t.string(),
  time: t.timestamp({ json: "ms" }),
  mag: t.float64().nullable(),
  place: t.string().nullable(),
  longitude: t.float64(),
  latitude: t.float64(),
  depth: t.float64().nullable(),
});
const FEW = ["type", "auction", "price", "dateTime"];
const ALL = Bid.schema.fields.map(({ name }) => name);

/** One event of `i`: a bid, or one in fifty another one where `mixed`. */
function event(i: number, mixed = false): Record<string, unknown> {
  const random = Math.imul(i, 0x9e3779b1) >>> 0;
  const text = random.toString(36);
  const dateTime = 1_700_000_000_000 + i;
  if (mixed && i % 12 === 0) {
    return {
      type: "person",
      eid: i,
      id: i,
      name: `Ann ${text}`,
      city: "Kent",
      dateTime,
      extra: text.repeat(9),
    };
  }
  return {
    type: "bid",
    eid: i,
    auction: 1000 + (random % 5000),
    bidder: 1000 + (random % 9000),
    price: 100 + (random % 10 ** (2 + (i % 7))),
    channel: `channel-${random % 10_000}`,
    url: `https://www.nexmark.com/${text}/${text}/item.htm?query=1&channel_id=${random % 1_000_000}`,
    dateTime,
    extra: (text + text).repeat(3 + (i % 3)),
  };
}

const lines = (line: (i: number) => string): Buffer =>
  Buffer.from(Array.from({ length: ROWS }, (_, i) => `${line(i)}\n`).join(""));
const reversed = (object: object): object => Object.fromEntries(Object.entries(object).toReversed());
const spaced = (object: object): string => JSON.stringify(object, null, 1).replaceAll("\n", "");
/** Every other line has its keys in another order, and there are more orders than are learned. */
const shuffled = (object: object, i: number): object => {
  const entries = Object.entries(object);
  return Object.fromEntries([...entries.slice(i % entries.length), ...entries.slice(0, i % entries.length)]);
};

const SHAPES: Readonly<Record<string, { readonly columns: readonly string[]; readonly make: () => Buffer }>> =
  {
    "bids, 4 of 9 columns": { columns: FEW, make: () => lines((i) => JSON.stringify(event(i))) },
    "bids, 9 of 9 columns": { columns: ALL, make: () => lines((i) => JSON.stringify(event(i))) },
    "bids and persons": { columns: FEW, make: () => lines((i) => JSON.stringify(event(i, true))) },
    "bids, two orders of keys": {
      columns: FEW,
      make: () => lines((i) => JSON.stringify(i % 2 === 0 ? event(i) : reversed(event(i)))),
    },
    "bids, nine orders of keys": {
      columns: FEW,
      make: () => lines((i) => JSON.stringify(shuffled(event(i), i))),
    },
    "bids with blanks": { columns: FEW, make: () => lines((i) => spaced(event(i))) },
    earthquakes: {
      columns: Quake.schema.fields.map(({ name }) => name),
      make: () => {
        const file = readFileSync(
          new URL("../../examples/01-earthquakes/input/earthquakes.jsonl", import.meta.url),
        );
        return Buffer.concat(Array.from({ length: 60 }, () => file));
      },
    },
  };
const READERS = ["learned", "interpreted", "JSON.parse"] as const;

/** Rows of one pass over all bytes. */
function pass(shape: string, reader: string, bytes: Buffer): () => number {
  if (reader === "JSON.parse") {
    return () => {
      let rows = 0;
      for (let at = 0; at < bytes.length; rows++) {
        const end = bytes.indexOf(10, at);
        JSON.parse(bytes.toString("utf8", at, end));
        at = end + 1;
      }
      return rows;
    };
  }
  const decode = shape === "earthquakes" ? json(Quake) : json(Bid);
  const columns = pick(decode.schema, SHAPES[shape]?.columns ?? []);
  const decoder = decode.open(columns, reader === "learned");
  return () => {
    let rows = 0;
    for (let at = 0; at < bytes.length;) {
      const chunk = bytes.subarray(at, at + CHUNK_BYTES);
      const decoded = decoder.decode(chunk, at, at + CHUNK_BYTES >= bytes.length, 4096);
      if (decoded.invalid.length > 0) throw new Error(decoded.invalid[0]?.reason);
      rows += decoded.length;
      at += decoded.consumed;
    }
    return rows;
  };
}

/** Measures one reader, in a process of its own; the nanoseconds a row. */
function measure(shape: string, reader: string): void {
  const bytes = SHAPES[shape]?.make() ?? Buffer.alloc(0);
  const run = pass(shape, reader, bytes);
  const started = process.cpuUsage();
  let rows = run();
  const first = process.cpuUsage(started);
  const warm = process.cpuUsage();
  for (let i = 1; i < PASSES; i++) rows = run();
  const rest = process.cpuUsage(warm);
  const nanos = (used: NodeJS.CpuUsage, passes: number): number =>
    ((used.user + used.system) * 1000) / rows / passes;
  console.log(JSON.stringify([nanos(first, 1), nanos(rest, PASSES - 1), bytes.length / rows]));
}

const [only, reader] = process.argv.slice(2);
if (only !== undefined && reader !== undefined) measure(only, reader);
else {
  console.log(
    `${"".padEnd(28)}${"bytes".padStart(6)}${READERS.map((name) => `${name} first, then`.padStart(36)).join("")}`,
  );
  for (const shape of Object.keys(SHAPES).filter((name) => only === undefined || name.includes(only))) {
    const best = READERS.map(() => [Infinity, Infinity, 0]);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, name] of READERS.entries()) {
        const output = execFileSync(process.execPath, [import.meta.filename, shape, name], {
          encoding: "utf8",
        });
        const found = JSON.parse(output) as [number, number, number];
        best[i] = [0, 1].map((k) => Math.min(best[i]?.[k] as number, found[k] as number)).concat(found[2]);
      }
    }
    const bytes = best[0]?.[2] as number;
    const cells = best.map(([first, then]) => {
      const speed = Math.round((bytes * 1000) / (then as number));
      return `${Math.round(first as number)}, ${Math.round(then as number)} ns, ${speed} MB/s`.padStart(36);
    });
    console.log(`${shape.padEnd(28)}${Math.round(bytes).toString().padStart(6)}${cells.join("")}`);
  }
}
