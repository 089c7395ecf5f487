import { expect, test } from "vitest";
import type { Batch } from "../batch/batch.ts";
import { decodeFrames } from "../batch/frame.ts";
import { batchOf, rowsOf } from "../batch/rows.ts";
import { t } from "../schema/kit.ts";
import { HoldingSink } from "./holding-sink.ts";

const Row = t.row({ n: t.int32(), s: t.string() });

function rows(from: number, count: number): Batch {
  return batchOf(
    Row.schema,
    Array.from({ length: count }, (_, i) => ({ n: from + i, s: `row ${from + i}` })),
  );
}

/** What the sink holds of batches of these lengths: rows per frame, and the numbers in them. */
function heldOf(lengths: readonly number[]): {
  readonly rows: readonly number[];
  readonly numbers: unknown[];
} {
  const sink = new HoldingSink(() => {});
  let from = 0;
  for (const length of lengths) {
    const batch = rows(from, length);
    sink.onBatch(batch);
    from += length;
    // The maker of a batch uses its memory again.
    for (const column of batch.columns) if (column.layout === "int") column.values.fill(-1);
  }
  const frames = sink.hold();
  return {
    rows: frames.map((frame) => frame.rows),
    numbers: frames.flatMap(({ bytes }) =>
      decodeFrames(bytes).flatMap((batch) => rowsOf(batch).map(({ n }) => n)),
    ),
  };
}

test("small batches share a frame, large ones have their own, and all rows stay in order", () => {
  const held = heldOf([10, 1024, 1025, 3, 2000, 1, 1]);
  expect(held.rows).toEqual([1034, 1025, 3, 2000, 2]);
  expect(held.numbers).toEqual(Array.from({ length: 4064 }, (_, i) => i));
});

test("rows that wait never are more than a batch holds", () => {
  expect(heldOf(Array.from({ length: 9 }, () => 1000)).rows).toEqual([4000, 4000, 1000]);
});

test("what is held has bytes until it is handed over, and an epoch without rows holds nothing", () => {
  const sink = new HoldingSink(() => {});
  expect(sink.hold()).toEqual([]);
  sink.onBatch(rows(0, 1));
  expect(sink.bytes).toBeGreaterThan(0);
  const [frame] = sink.hold();
  expect([frame?.rows, sink.bytes]).toEqual([1, 0]);
  expect(sink.hold()).toEqual([]);
});
