import fc from "fast-check";
import { expect, test } from "vitest";
import { byteStrings, compareStrings, type ByteStrings, stringAt } from "./byte-strings.ts";
import { orderOf } from "./string-order.ts";

const all = (strings: ByteStrings): Buffer[] =>
  Array.from(strings.ends, (_, i) => Buffer.from(stringAt(strings, i)));

/** Strings with long beginnings in common, equal ones among them. */
const strings = fc.array(
  fc
    .tuple(fc.constantFrom("", "01800000000", "key-key-key-"), fc.uint8Array({ maxLength: 9 }))
    .map(([head, tail]) => Buffer.concat([Buffer.from(head), tail])),
  { maxLength: 60 },
);
/** So many that they are counted: from few lengths and bytes, or of one length. */
const many = fc.oneof(
  fc.array(fc.uint8Array({ maxLength: 12, max: 3 }), { minLength: 256, maxLength: 600 }),
  fc.array(fc.uint8Array({ minLength: 5, maxLength: 5 }), { minLength: 256, maxLength: 600 }),
  fc
    .array(fc.uint8Array({ minLength: 2, maxLength: 14 }), { minLength: 256, maxLength: 600 })
    .map((all) => all.map((bytes) => Buffer.concat([Buffer.from("k"), bytes]))),
);

test("what is put in comes out", () => {
  fc.assert(
    fc.property(strings, (given) => {
      expect(all(byteStrings(given))).toEqual(given);
    }),
  );
});

test("a long string is copied like a short one", () => {
  const long = Buffer.from(Array.from({ length: 3000 }, (_, i) => i % 251));
  expect(all(byteStrings([long, Buffer.of(1), long]))).toEqual([long, Buffer.of(1), long]);
});

test("two strings compare as Node compares their bytes", () => {
  fc.assert(
    fc.property(strings, (given) => {
      const packed = byteStrings(given);
      for (const [i, a] of given.entries())
        for (const [j, b] of given.entries())
          expect(Math.sign(compareStrings(packed, i, packed, j))).toBe(Buffer.compare(a, b));
    }),
  );
});

test("the order is that of a sort of the single strings, of equal ones the earlier first", () => {
  fc.assert(
    fc.property(fc.oneof(strings, many), (given) => {
      const places = given.map((_, i) => i);
      const sorted = places.toSorted(
        (a, b) => Buffer.compare(given[a] as Uint8Array, given[b] as Uint8Array) || a - b,
      );
      expect([...orderOf(byteStrings(given))]).toEqual(sorted);
    }),
  );
});
