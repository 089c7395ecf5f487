/**
 * Measures how long CSV takes to decode, and JSON Lines of the same rows beside it.
 *
 *     node bench/decode/csv.ts [SHAPE]
 *
 * Each measurement runs in a process of its own, the readers alternating, and counts the CPU time of the whole process
 * behind the first pass, which warms up. Prints nanoseconds of CPU a row, and MB/s; the best of three.
 */
import { execFileSync } from "node:child_process";
import { pick, t } from "@df/core";
import { csv, json } from "@df/formats";
import type { LineDecoder } from "@df/formats";

const ROWS = 100_000;
const PASSES = 6;
const CHUNK_BYTES = 256 * 1024;
const ROUNDS = 3;

const Bid = t.row({
  type: t.string(),
  eid: t.int(),
  auction: t.int(),
  bidder: t.int(),
  price: t.int(),
  channel: t.string(),
  url: t.string(),
  dateTime: t.timestamp({ json: "ms" }),
  extra: t.string(),
});
const Point = t.row({ a: t.int(), b: t.int32(), c: t.float64(), d: t.decimal(12, 2) });
const BIDS = Bid.schema.fields.map(({ name }) => name);
const FEW = ["type", "auction", "price", "dateTime"];

type Row = Readonly<Record<string, string | number>>;

function bid(i: number): Row {
  const random = Math.imul(i, 0x9e3779b1) >>> 0;
  const text = random.toString(36);
  return {
    type: "bid",
    eid: i,
    auction: 1000 + (random % 5000),
    bidder: 1000 + (random % 9000),
    price: 100 + (random % 10 ** (2 + (i % 7))),
    channel: `channel-${random % 10_000}`,
    url: `https://www.nexmark.com/${text}/${text}/item.htm?query=1&channel_id=${random % 1_000_000}`,
    dateTime: 1_700_000_000_000 + i,
    extra: (text + text).repeat(3 + (i % 3)),
  };
}

function point(i: number): Row {
  const random = Math.imul(i, 0x9e3779b1) >>> 0;
  return { a: i, b: random % 10_000, c: (random % 10_000) / 64, d: (random % 1_000_000) / 100 };
}

/** One in eight texts needs quotes, one in sixteen also doubled ones. */
const quoted = (row: Row, i: number): Row => ({
  ...row,
  channel: i % 8 === 0 ? `channel, "${i}"` : `channel ${i}`,
  extra: i % 8 === 1 ? `two\nlines ${i}` : `extra ${i}`,
});

interface Shape {
  readonly decoders: Readonly<Record<string, LineDecoder>>;
  readonly columns: readonly string[];
  readonly row: (i: number) => Row;
}
const BID_DECODERS = { csv: csv(Bid), json: json(Bid) };
const SHAPES: Readonly<Record<string, Shape>> = {
  "bids, 4 of 9 columns": { decoders: BID_DECODERS, columns: FEW, row: bid },
  "bids, 9 of 9 columns": { decoders: BID_DECODERS, columns: BIDS, row: bid },
  "bids with quotes": { decoders: BID_DECODERS, columns: BIDS, row: (i) => quoted(bid(i), i) },
  "four numbers": {
    decoders: { csv: csv(Point), json: json(Point) },
    columns: ["a", "b", "c", "d"],
    row: point,
  },
};
const READERS = ["csv", "json", "json interpreted"] as const;

const field = (value: string | number): string =>
  /[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);

/** The rows as text, with a header where it is CSV. */
function textOf({ row }: Shape, format: string): Buffer {
  const rows = Array.from({ length: ROWS }, (_, i) => row(i));
  if (format === "json") return Buffer.from(rows.map((one) => `${JSON.stringify(one)}\n`).join(""));
  const header = `${Object.keys(rows[0] ?? {}).join(",")}\n`;
  return Buffer.from(header + rows.map((one) => `${Object.values(one).map(field).join(",")}\n`).join(""));
}

/** Measures one reader, in a process of its own: nanoseconds of CPU a row, and bytes a row. */
function measure(shape: Shape, reader: string): void {
  const format = reader === "csv" ? "csv" : "json";
  const decode = shape.decoders[format] as LineDecoder;
  const text = textOf(shape, format);
  const decoder = decode.open(pick(decode.schema, shape.columns), reader !== "json interpreted");
  const first = decoder.head?.(text, true) ?? 0;
  const pass = (): number => {
    let rows = 0;
    for (let at = first; at < text.length;) {
      const chunk = new Uint8Array(
        text.buffer,
        text.byteOffset + at,
        Math.min(CHUNK_BYTES, text.length - at),
      );
      const decoded = decoder.decode(chunk, at, at + chunk.length === text.length, 4096);
      if (decoded.invalid.length > 0) throw new Error(decoded.invalid[0]?.reason);
      rows += decoded.length;
      at += decoded.consumed;
    }
    if (rows !== ROWS) throw new Error(`${rows} rows instead of ${ROWS}`);
    return rows;
  };
  pass();
  const warm = process.cpuUsage();
  for (let i = 1; i < PASSES; i++) pass();
  const { user, system } = process.cpuUsage(warm);
  console.log(JSON.stringify([((user + system) * 1000) / ROWS / (PASSES - 1), text.length / ROWS]));
}

const [only, reader] = process.argv.slice(2);
if (only !== undefined && reader !== undefined) measure(SHAPES[only] as Shape, reader);
else {
  const titles = [...READERS.map((name) => name.padStart(24)), "csv / json".padStart(12)];
  console.log("".padEnd(24) + titles.join(""));
  for (const shape of Object.keys(SHAPES).filter((name) => only === undefined || name.includes(only))) {
    const best = READERS.map((): [number, number] => [Infinity, 0]);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, name] of READERS.entries()) {
        const output = execFileSync(process.execPath, [import.meta.filename, shape, name], {
          encoding: "utf8",
        });
        const found = JSON.parse(output) as [number, number];
        if (found[0] < (best[i]?.[0] ?? 0)) best[i] = found;
      }
    }
    const cells = best.map(([nanos, bytes]) =>
      `${Math.round(nanos)} ns, ${Math.round((bytes * 1000) / nanos)} MB/s`.padStart(24),
    );
    const ratio = (best[0]?.[0] ?? 0) / (best[1]?.[0] ?? 1);
    console.log(shape.padEnd(24) + cells.join("") + ratio.toFixed(2).padStart(12));
  }
}
