/** The copy of a batch at an exchange, beside `structuredClone` of the same arrays. */
import { copyRows, t, type Batch } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import { warm, type Benchmark, type Work } from "../benchmark.ts";

const BATCH_ROWS = 4096;
const COPIES = 300;
const ALL_ROWS = Int32Array.from({ length: BATCH_ROWS }, (_, row) => row);
const Row = t.row({
  id: t.int(),
  at: t.timestamp(),
  price: t.float64(),
  channel: t.string(),
});

function batch(): Batch {
  const rows = Array.from({ length: BATCH_ROWS }, (_, i) => ({
    id: i,
    at: 1_700_000_000_000 + i,
    price: i / 7,
    channel: `channel-${i % 100}`,
  }));
  const clocks = rows.map(({ at }) => at * 1000 - 1);
  return batchOf(Row.schema, rows, { times: "at", clocks });
}

function repeated(copy: () => { readonly length: number }): Work {
  return () => {
    let units = 0;
    for (let i = 0; i < COPIES; i++) units += copy().length;
    return { units };
  };
}

/** Copying batches. */
export const BENCHMARKS: readonly Benchmark[] = [
  warm(
    "exchange/copy",
    "row",
    () => {
      // A copy has its text packed, without bytes that belong to no row: so both copy the same number of bytes.
      const given = copyRows(batch(), ALL_ROWS, BATCH_ROWS);
      return {
        reference: repeated(() => structuredClone(given)),
        subject: repeated(() => copyRows(given, ALL_ROWS, BATCH_ROWS)),
      };
    },
    { short: true },
  ),
];
