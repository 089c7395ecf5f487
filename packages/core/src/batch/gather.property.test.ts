import fc from "fast-check";
import { expect, test } from "vitest";
import { t } from "../schema/kit.ts";
import type { Batch } from "./batch.ts";
import { gatherRows, RowGatherer } from "./gather.ts";
import { batchOf, rowsOf } from "./rows.ts";

const Row = t.row({ at: t.timestamp(), n: t.int().nullable(), s: t.string().nullable(), wide: t.int64() });
const row = fc.record({
  at: fc.integer({ min: 0, max: 9 }),
  n: fc.option(fc.nat(9), { freq: 9 }),
  s: fc.option(fc.constantFrom("", "a", "bc"), { freq: 9 }),
  wide: fc.constantFrom(1n, 2n ** 60n),
});

/** Rows that were read at 10, 20, 30, …, as records of one byte. */
function read(given: readonly object[]): Batch {
  const batch = batchOf(Row.schema, given as Record<string, unknown>[]);
  const positions = Float64Array.from(given, (_, i) => i * 10 + 10);
  const starts = Int32Array.from(given.keys());
  const ends = starts.map((start) => start + 1);
  const raw = { starts, ends, bytes: new Uint8Array(starts.length).map((_, i) => i) };
  const [at] = batch.columns;
  const times = at?.layout === "double" ? at.values : batch.times;
  return { ...batch, times, origin: { source: "s", split: "a", positions, raw } };
}

/** All that a batch says of its rows. */
function told(batch: Batch): readonly unknown[] {
  const { raw, positions } = batch.origin ?? {};
  return rowsOf(batch).map((values, i) => {
    const record = raw?.bytes.subarray(raw.starts[i], raw.ends[i]);
    return [values, batch.times[i], positions?.[i], [...(record ?? [])]];
  });
}

const chosen = fc.array(row, { minLength: 1, maxLength: 20 }).chain((given) =>
  fc.record({
    given: fc.constant(given),
    rows: fc.array(fc.nat(given.length - 1), { minLength: 1, maxLength: 25 }),
  }),
);

test("rows that are gathered, and gathered again, are those that were chosen, with their times and places", () => {
  const [first, second] = [new RowGatherer(), new RowGatherer()];
  fc.assert(
    fc.property(chosen, fc.boolean(), ({ given, rows }, isKept) => {
      const batch = read(given);
      const all = told(batch);
      const once = Int32Array.from(rows);
      const some = isKept ? first.gather(batch, once, rows.length) : gatherRows(batch, once, rows.length);
      const again = second.gather(some, Int32Array.of(rows.length - 1, 0), 2);
      const plain = rows.map((at) => all[at]);
      expect(told(again)).toEqual([plain.at(-1), plain[0]]);
      expect(told(some)).toEqual(plain);
    }),
  );
});

test("a column of which no null was chosen says that it has none", () => {
  const batch = read([
    { at: 1, n: null, s: "a", wide: 1n },
    { at: 2, n: 1, s: null, wide: 1n },
  ]);
  const valid = gatherRows(batch, Int32Array.of(1, 1), 2).columns.map(({ validity }) => validity?.length);
  expect(valid).toEqual([undefined, undefined, 2, undefined]);
});

test("what was gathered does not depend on the rows it was chosen by", () => {
  const batch = read([{ at: 1, n: 1, s: "a", wide: 1n }]);
  const rows = Int32Array.of(0);
  const some = gatherRows(batch, rows, 1);
  rows.fill(7);
  batch.origin?.positions.fill(Number.NaN);
  expect([...(some.origin?.positions ?? [])]).toEqual([10]);
});
