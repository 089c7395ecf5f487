import fc from "fast-check";
import { expect, it } from "vitest";
import { packedInts, packRows, unpackRows, varyingInts } from "./packed-rows.ts";

/** Rows of which most ints are alike. */
const rows = fc
  .record({
    rowInts: fc.integer({ min: 1, max: 70 }),
    count: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 1, max: 20 }) },
      { weight: 1, arbitrary: fc.integer({ min: 60, max: 200 }) },
    ),
    start: fc.nat({ max: 3 }),
  })
  .chain(({ rowInts, count, start }) => {
    const changes = fc.array(fc.record({ at: fc.nat({ max: rowInts * count - 1 }), to: fc.integer() }), {
      maxLength: 9,
    });
    const first = fc.array(fc.integer(), { minLength: rowInts, maxLength: rowInts });
    return fc.record({ first, changes }).map((drawn) => {
      const ints = new Int32Array(start + rowInts * count + 2).fill(-7);
      for (let row = 0; row < count; row++) ints.set(drawn.first, start + row * rowInts);
      for (const { at, to } of drawn.changes) ints[start + at] = to;
      return { ints, start, count, rowInts };
    });
  });

it("rows come out as they were packed, and take an int for each that varies", () => {
  fc.assert(
    fc.property(rows, fc.nat({ max: 5 }), (given, at) => {
      const varying = varyingInts(given);
      const plainly = Array.from({ length: given.rowInts }, (_, k) => k).filter((k) =>
        Array.from(
          { length: given.count },
          (_, row) => given.ints[given.start + row * given.rowInts + k],
        ).some((int) => int !== given.ints[given.start + k]),
      );
      expect([...varying]).toEqual(plainly);
      const size = packedInts(given.rowInts, varying.length, given.count);
      expect(size % 2).toBe(0);
      const packed = new Int32Array(at + size);
      packRows(given, varying, packed, at);
      const ints = given.ints.slice().fill(-7);
      expect(unpackRows(packed, at, { ...given, ints })).toBe(packed.length);
      const end = given.start + given.rowInts * given.count;
      expect([...ints]).toEqual([...given.ints.subarray(0, end), -7, -7]);
      // What is cut short is not read beyond its end.
      expect(unpackRows(packed.subarray(0, -2), at, { ...given, ints })).toBe(undefined);
    }),
    { numRuns: 500 },
  );
});
