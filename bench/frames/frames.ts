/** Batches into frames and back, beside V8's own way to write arrays down and to read them again. */
import { type Batch, t } from "@df/core";
import { decodeFrames, encodeFrames } from "@df/core/batch/frame";
import { deserialize, serialize } from "node:v8";
import { warm, type Benchmark, type Work } from "../benchmark.ts";
import { madeColumns, START_MICROS, type Shape } from "../made-columns.ts";

const BATCH_ROWS = 4096;
const COPIES = 300;

const SHAPES: Readonly<Record<string, Shape>> = {
  "4 ints": {
    schema: t.row({ auction: t.int(), bidder: t.int(), price: t.int(), count: t.int() }).schema,
    row: (i, random) => [1000 + (i % 5000), 1000 + (random % 90_000), 100 + (random % 10_000), i],
  },
  "2 ints and text": {
    schema: t.row({ auction: t.int(), price: t.int(), channel: t.string(), url: t.string() }).schema,
    row: (i, random) => [
      1000 + (i % 5000),
      100 + (random % 10_000),
      `channel-${random % 10_000}`,
      `https://www.nexmark.com/${random.toString(36)}/item.htm?query=1&channel_id=${random % 1_000_000}`,
    ],
  },
};

function batchOf(shape: Shape): Batch {
  const columns = madeColumns(shape, 0, BATCH_ROWS);
  const times = Float64Array.from({ length: BATCH_ROWS }, (_, i) => START_MICROS + i * 1000);
  return { schema: shape.schema, length: BATCH_ROWS, columns, change: "append", times, clocks: -Infinity };
}

function repeated(work: () => unknown): Work {
  return () => {
    for (let i = 0; i < COPIES; i++) work();
    return { units: COPIES * BATCH_ROWS };
  };
}

/** Frames: what a sink's rows are held in. */
export const BENCHMARKS: readonly Benchmark[] = Object.entries(SHAPES).flatMap(([name, shape]) => [
  warm(`frames/encode ${name}`, "row", () => {
    const batch = batchOf(shape);
    return { reference: repeated(() => serialize(batch)), subject: repeated(() => encodeFrames([batch])) };
  }),
  warm(`frames/decode ${name}`, "row", () => {
    const batch = batchOf(shape);
    const [frame = new Uint8Array()] = encodeFrames([batch]);
    const serialized = serialize(batch);
    return {
      reference: repeated(() => deserialize(serialized)),
      subject: repeated(() => decodeFrames(frame)),
    };
  }),
]);
