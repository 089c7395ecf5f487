/** CSV into columns, beside JSON Lines of the same rows and beside CSV without WebAssembly. */
import { t } from "@df/core";
import { csv, json, type LineDecoder } from "@df/formats";
import { warm, type Benchmark, type Done } from "../benchmark.ts";
import { ALL, Bid, bid, decoding, FEW, jsonLines, ROWS, type Plain } from "./bids.ts";

const Point = t.row({ a: t.int(), b: t.int32(), c: t.float64(), d: t.decimal(12, 2) });

function point(i: number): Plain {
  const random = Math.imul(i, 0x9e3779b1) >>> 0;
  return { a: i, b: random % 10_000, c: (random % 10_000) / 64, d: (random % 1_000_000) / 100 };
}

/** One text in eight needs quotes, one in sixteen also doubled ones. */
function quotedBid(i: number): Plain {
  return {
    ...bid(i),
    channel: i % 8 === 0 ? `channel, "${i}"` : `channel ${i}`,
    extra: i % 8 === 1 ? `two\nlines ${i}` : `extra ${i}`,
  };
}

interface Shape {
  readonly decoders: { readonly csv: LineDecoder; readonly json: LineDecoder };
  readonly columns: readonly string[];
  readonly row: (i: number) => Plain;
}

const BID_DECODERS = { csv: csv(Bid), json: json(Bid) };
const SHAPES: Readonly<Record<string, Shape>> = {
  "bids, 4 of 9 columns": { decoders: BID_DECODERS, columns: FEW, row: bid },
  "bids, 9 of 9 columns": { decoders: BID_DECODERS, columns: ALL, row: bid },
  "bids with quotes": { decoders: BID_DECODERS, columns: ALL, row: quotedBid },
  "four numbers": {
    decoders: { csv: csv(Point), json: json(Point) },
    columns: Point.schema.fields.map(({ name }) => name),
    row: point,
  },
};
const SHORT = new Set(["bids, 9 of 9 columns"]);

function field(value: string | number): string {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The rows with a header. */
function csvText(row: (i: number) => Plain): Buffer {
  const lines = Array.from({ length: ROWS }, (_, i) => Object.values(row(i)).map(field).join(","));
  return Buffer.from([Object.keys(row(0)).join(","), ...lines, ""].join("\n"));
}

/** Decoding CSV. */
export const BENCHMARKS: readonly Benchmark[] = Object.entries(SHAPES).flatMap(
  ([name, { decoders, columns, row }]) => {
    const subject = (): (() => Done) => decoding(decoders.csv, columns, csvText(row));
    return [
      warm(
        `csv/${name}`,
        "row",
        () => ({
          reference: decoding(
            decoders.json,
            columns,
            jsonLines((i) => JSON.stringify(row(i))),
          ),
          subject: subject(),
        }),
        { short: SHORT.has(name) },
      ),
      warm(`csv/${name}, beside script`, "row", () => ({
        reference: decoding(decoders.csv, columns, csvText(row), false),
        subject: subject(),
      })),
    ];
  },
);
