/** Packed columns into a Parquet file, beside hyparquet-writer through JavaScript values. */
import { t } from "@df/core";
import { encodeFile } from "@df/formats/parquet/encode-file";
import { hyparquetFile } from "@df/formats/parquet/hyparquet-file.testing";
import type { PackedRows } from "@df/formats/parquet/pack";
import { warm, type Benchmark } from "../benchmark.ts";
import { Bid } from "../decode/bids.ts";
import { madeColumns, START_MICROS, type Shape } from "../made-columns.ts";

/** Rows of a file. */
export const ROWS = 32_768;

/** What is encoded, by name. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  windows: {
    schema: t.row({
      start: t.timestamp(),
      end: t.timestamp(),
      auction: t.int(),
      count: t.int(),
      average: t.float64(),
      currency: t.string(),
    }).schema,
    row: (i, random) => {
      const start = START_MICROS + Math.floor(i / 5000) * 10_000_000;
      const currency = ["EUR", "USD", "GBP", "JPY"][random % 4] ?? "";
      return [start, start + 10_000_000, 1000 + (i % 5000), random % 300, (random % 100_003) / 7, currency];
    },
  },
  mixed: {
    schema: t.row({
      id: t.int(),
      at: t.timestamp(),
      price: t.decimal(12, 2),
      mag: t.float64().nullable(),
      place: t.string().nullable(),
      flag: t.bool(),
    }).schema,
    row: (i, random) => [
      i,
      START_MICROS + i * 1000 + (random % 1000),
      random % 1_000_000,
      random % 3 === 0 ? null : random / 1e6,
      random % 5 === 0 ? null : `${random % 300} km of ${random.toString(36)}`,
      random % 2,
    ],
  },
  bronze: {
    schema: Bid.schema,
    row: (i, random) => {
      const text = random.toString(36);
      return [
        "bid",
        i,
        1000 + (random % 5000),
        1000 + (random % 9000),
        100 + (random % 10 ** (2 + (i % 7))),
        `channel-${random % 10_000}`,
        `https://www.nexmark.com/${text}/${text}/item.htm?query=1&channel_id=${random % 1_000_000}`,
        START_MICROS + i * 1000,
        (text + text).repeat(3 + (i % 3)),
      ];
    },
  },
};

/** The rows of a shape as packed columns. */
export function packedRows(shape: Shape): PackedRows {
  return { rows: ROWS, columns: madeColumns(shape, 0, ROWS) };
}

const SHORT = new Set(["mixed"]);

/** Encoding Parquet. */
export const BENCHMARKS: readonly Benchmark[] = Object.entries(SHAPES).map(([name, shape]) =>
  warm(
    `parquet/${name}`,
    "row",
    () => {
      const { schema } = shape;
      const packed = packedRows(shape);
      return {
        reference: () => {
          hyparquetFile(schema, packed);
          return { units: ROWS };
        },
        subject: () => {
          encodeFile(schema, packed);
          return { units: ROWS };
        },
      };
    },
    { short: SHORT.has(name) },
  ),
);
