import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeRoaring64, encodeRoaring64 } from "./roaring64.ts";

function sorted(rows: Iterable<number>): Float64Array {
  return Float64Array.from(new Set(rows)).sort();
}

const anyRow = fc.oneof(
  fc.nat({ max: 70_000 }),
  fc.nat({ max: 2 ** 31 - 1 }),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
);

test("any set of row numbers is read as it was written", () => {
  fc.assert(
    fc.property(fc.array(anyRow, { maxLength: 300 }), (rows) => {
      const set = sorted(rows);
      expect(decodeRoaring64(encodeRoaring64(set))).toEqual(set);
    }),
  );
});

test("dense sets, which become bitmaps of 8 KiB, are read as they were written", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 4090, max: 4100 }),
      fc.nat({ max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      (count, high, step) => {
        const first = high * 2 ** 32 + 65_536 - 10;
        const set = Float64Array.from({ length: count }, (_, i) => first + i * step);
        expect(decodeRoaring64(encodeRoaring64(set))).toEqual(set);
      },
    ),
    { numRuns: 40 },
  );
});

test("bytes that are cut off anywhere are refused", () => {
  const bytes = encodeRoaring64(sorted([1, 2, 70_000, 2 ** 33]));
  for (let end = 0; end < bytes.length; end++) {
    expect(() => decodeRoaring64(bytes.subarray(0, end))).toThrow(/DF_DELTA_LOG/);
  }
});
