/** The copy of a batch at an exchange, beside `structuredClone` of the same arrays. */
import { copyRows, t, type Batch, type Polled } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import { openParcel, packParcel } from "@df/core/runtime/parcel";
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

/** Rows as a decoder gives them: what a poll has found, with as many bytes of records as text. */
function polled(): Polled {
  const { length, columns } = copyRows(batch(), ALL_ROWS, BATCH_ROWS);
  const [text] = columns.filter(({ layout }) => layout === "text");
  const raw = text?.layout === "text" ? text : undefined;
  return { length, columns, raw, positions: new Float64Array(length), invalid: [], next: 0 };
}

/** Rows on their way from a decode thread: written to memory that was used before, and looked at there. */
function handedOver(given: Polled): () => Polled {
  let { buffer } = packParcel(given);
  return () => {
    const parcel = packParcel(given, buffer);
    buffer = parcel.buffer;
    return openParcel(parcel, Row.schema);
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
  warm(
    "exchange/parcel",
    "row",
    () => {
      const given = polled();
      return {
        reference: repeated(() => structuredClone(given)),
        subject: repeated(handedOver(given)),
      };
    },
    { short: true },
  ),
];
