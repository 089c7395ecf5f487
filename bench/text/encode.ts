/**
 * Measures how long rows of columns take to become lines of text as bytes, and their content hash, beside
 * `JSON.stringify` of a row after the other: of objects that are there already, to text that is not yet bytes.
 *
 *     node bench/text/encode.ts [SHAPE]
 *
 * Prints nanoseconds of CPU a row, millions of rows and megabytes a second of CPU, and how much longer `JSON.stringify`
 * takes: the best of five rounds, the writers in turn.
 */
import { ColumnBuilder, t } from "@df/core";
import type { Batch, Schema } from "@df/core";
import { CanonicalCodec, ContentHash } from "@df/core/batch/canonical";
import { rowsOf } from "@df/core/batch/rows";
import { ByteSink } from "@df/formats/parquet/byte-sink";
import { lineEncoder } from "@df/formats/text/line-encoder";
import { csvLines, jsonLines } from "@df/formats/text/text-format";

const BATCH_ROWS = 4096;
const BATCHES = 100;
const ROUNDS = 5;
const START_MICROS = 1_700_000_000_000_000;

/** The columns of a shape, and row `i` of it: numbers as the columns hold them. */
interface Shape {
  readonly schema: Schema;
  readonly row: (i: number, random: number) => readonly (number | string)[];
}

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

function batchesOf({ schema, row }: Shape): Batch[] {
  return Array.from({ length: BATCHES }, (_, batch) => {
    const builders = schema.fields.map(({ type }) => new ColumnBuilder(type, BATCH_ROWS));
    for (let i = batch * BATCH_ROWS; i < (batch + 1) * BATCH_ROWS; i++) {
      const mixed = Math.imul(i ^ (i >>> 3), 0x9e3779b1);
      for (const [k, cell] of row(i, (mixed ^ (mixed >>> 15)) >>> 0).entries()) {
        if (typeof cell === "string") builders[k]?.string(cell);
        else builders[k]?.number(cell);
      }
    }
    const columns = builders.map((builder) => builder.take());
    const times = new Float64Array(BATCH_ROWS);
    return { schema, length: BATCH_ROWS, columns, change: "append", times, clocks: -Infinity };
  });
}

/** Each does all rows once, and returns the bytes that it made. */
function writersOf(schema: Schema, batches: readonly Batch[]): Readonly<Record<string, () => number>> {
  const into = new ByteSink(64 * 1024 * 1024);
  const lines = (format: ReturnType<typeof csvLines>) => (): number => {
    const encoder = lineEncoder(format, schema);
    into.length = 0;
    for (const batch of batches) encoder.encode(batch, into);
    return into.length;
  };
  const rows = batches.map((batch) =>
    rowsOf(batch).map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, cell]) => [name, typeof cell === "bigint" ? Number(cell) : cell]),
      ),
    ),
  );
  return {
    "JSON.stringify": () => {
      let length = 0;
      for (const batch of rows) for (const row of batch) length += JSON.stringify(row).length + 1;
      return length;
    },
    "JSON Lines": lines(jsonLines()),
    CSV: lines(csvLines()),
    "content hash": () => {
      const codec = new CanonicalCodec(schema);
      const hash = new ContentHash();
      for (const batch of batches)
        for (let row = 0; row < batch.length; row++) hash.add(codec.encode(batch, row));
      return 0;
    },
  };
}

function measure(name: string, shape: Shape): void {
  const writers = Object.entries(writersOf(shape.schema, batchesOf(shape)));
  const best = new Map(writers.map(([writer]) => [writer, { nanos: Infinity, bytes: 0 }]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [writer, run] of writers) {
      const started = process.cpuUsage();
      const bytes = run();
      const { user, system } = process.cpuUsage(started);
      const nanos = ((user + system) * 1000) / (BATCHES * BATCH_ROWS);
      if (nanos < (best.get(writer)?.nanos ?? 0)) best.set(writer, { nanos, bytes });
    }
  }
  const plain = best.get("JSON.stringify")?.nanos ?? 0;
  for (const [writer, { nanos, bytes }] of best) {
    const perSecond = (1000 / nanos).toFixed(1);
    const megabytes = (bytes / ((nanos / 1e9) * BATCHES * BATCH_ROWS) / 1e6).toFixed(0);
    const cells = [nanos.toFixed(0), perSecond, megabytes, (plain / nanos).toFixed(1)];
    console.log([name.padEnd(20), writer.padEnd(15), ...cells.map((cell) => cell.padStart(8))].join(" "));
  }
}

const [only] = process.argv.slice(2);
console.log(["shape".padEnd(20), "writer".padEnd(15), "  ns/row   Mrow/s     MB/s    ratio"].join(" "));
for (const [name, shape] of Object.entries(SHAPES))
  if (only === undefined || only === name) measure(name, shape);
