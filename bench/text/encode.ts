/**
 * Rows of columns into lines of text as bytes, and into their content hash, beside `JSON.stringify` of one row after the
 * other: of objects that are there already, to text that is not yet bytes.
 */
import { t } from "@df/core";
import type { Batch, Schema } from "@df/core";
import { ContentHash } from "@df/core/batch/canonical";
import { RowHasher } from "@df/core/batch/row-hasher";
import { rowsOf } from "@df/core/batch/rows";
import { ByteSink } from "@df/formats/byte-sink";
import { lineEncoder } from "@df/formats/text/line-encoder";
import { csvLines, jsonLines, type TextFormat } from "@df/formats/text/text-format";
import { warm, type Benchmark, type Work } from "../benchmark.ts";
import { madeColumns, START_MICROS, type Shape } from "../made-columns.ts";

const BATCH_ROWS = 4096;
const BATCHES = 25;

const SHAPES: Readonly<Record<string, Shape>> = {
  "4 ints": {
    schema: t.row({ auction: t.int(), bidder: t.int(), price: t.int(), count: t.int() }).schema,
    row: (i, random) => [
      1000 + (i % 5000),
      1000 + (random % 90_000),
      100 + (random % 10 ** (2 + (i % 7))),
      i,
    ],
  },
  "3 ints, time in ms": {
    schema: t.row({
      auction: t.int(),
      bidder: t.int(),
      price: t.int(),
      dateTime: t.timestamp({ json: "ms" }),
    }).schema,
    row: (i, random) => [
      1000 + (i % 5000),
      1000 + (random % 90_000),
      100 + (random % 10 ** (2 + (i % 7))),
      START_MICROS + i * 1000,
    ],
  },
  "ints, time and text": {
    schema: t.row({
      auction: t.int(),
      price: t.int(),
      dateTime: t.timestamp(),
      channel: t.string(),
      url: t.string(),
    }).schema,
    row: (i, random) => [
      1000 + (i % 5000),
      100 + (random % 10 ** (2 + (i % 7))),
      START_MICROS + i * 1000,
      `channel-${random % 10_000}`,
      `https://www.nexmark.com/${random.toString(36)}/item.htm?query=1&channel_id=${random % 1_000_000}`,
    ],
  },
};

function batchesOf(shape: Shape): Batch[] {
  return Array.from({ length: BATCHES }, (_, batch) => {
    const columns = madeColumns(shape, batch * BATCH_ROWS, (batch + 1) * BATCH_ROWS);
    const times = new Float64Array(BATCH_ROWS);
    return { schema: shape.schema, length: BATCH_ROWS, columns, change: "append", times, clocks: -Infinity };
  });
}

const UNITS = BATCH_ROWS * BATCHES;

function stringifying(batches: readonly Batch[]): Work {
  const rows = batches.flatMap((batch) =>
    rowsOf(batch).map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, cell]) => [name, typeof cell === "bigint" ? Number(cell) : cell]),
      ),
    ),
  );
  return () => {
    for (const row of rows) JSON.stringify(row);
    return { units: UNITS };
  };
}

function encoding(format: TextFormat, schema: Schema, batches: readonly Batch[]): Work {
  const into = new ByteSink(16 * 1024 * 1024);
  const encoder = lineEncoder(format, schema);
  return () => {
    into.length = 0;
    for (const batch of batches) encoder.encode(batch, into);
    return { units: UNITS };
  };
}

function hashing(schema: Schema, batches: readonly Batch[]): Work {
  const hasher = new RowHasher(schema);
  return () => {
    const hash = new ContentHash();
    for (const batch of batches) hasher.add(batch, hash);
    return { units: UNITS };
  };
}

const WRITERS: Readonly<Record<string, (schema: Schema, batches: readonly Batch[]) => Work>> = {
  json: (schema, batches) => encoding(jsonLines(), schema, batches),
  csv: (schema, batches) => encoding(csvLines(), schema, batches),
  hash: hashing,
};
const SHORT = new Set(["ints, time and text"]);

/** Encoding lines. */
export const BENCHMARKS: readonly Benchmark[] = Object.entries(SHAPES).flatMap(([name, shape]) =>
  Object.entries(WRITERS).map(([writer, open]) =>
    warm(
      `lines/${writer} ${name}`,
      "row",
      () => {
        const batches = batchesOf(shape);
        return { reference: stringifying(batches), subject: open(shape.schema, batches) };
      },
      { short: SHORT.has(name) && writer === "json" },
    ),
  ),
);
