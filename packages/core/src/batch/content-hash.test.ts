import fc from "fast-check";
import { expect, test } from "vitest";
import { ContentHash, rowHash } from "./content-hash.ts";

const rows: fc.Arbitrary<Uint8Array[]> = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });

/** The same sum by big integers. */
function naive(added: readonly Uint8Array[]): bigint {
  return added.reduce((sum, row) => sum + littleEndian(rowHash(row)), 0n) & ((1n << 128n) - 1n);
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}

function hashOf(added: readonly Uint8Array[]): ContentHash {
  const hash = new ContentHash();
  for (const row of added) hash.add(row);
  return hash;
}

test("a content hash of one row is its MurmurHash3 as a little-endian number", () => {
  // `"%032x" % mmh3.hash128(b"a", 0, x64arch=False)` in Python.
  expect(hashOf([new TextEncoder().encode("a")]).toString()).toBe("5556b01b5556b01b5556b01ba794933c");
});

test("a content hash is the sum of the row hashes modulo 2^128, in any order", () => {
  fc.assert(
    fc.property(rows, (added) => {
      const expected = naive(added).toString(16).padStart(32, "0");
      expect(hashOf(added).toString()).toBe(expected);
      expect(hashOf(added.toReversed()).toString()).toBe(expected);
    }),
  );
});

test("rows can be taken away again, as bytes or as hashes", () => {
  fc.assert(
    fc.property(rows, rows, (kept, removed) => {
      const hash = new ContentHash();
      for (const [i, row] of removed.entries()) {
        if (i % 2 === 0) hash.add(row, -1);
        else hash.subtractHash(rowHash(row));
      }
      for (const [i, row] of [...kept, ...removed].entries()) {
        if (i % 2 === 0) hash.add(row);
        else hash.addHash(rowHash(row));
      }
      expect(hash.toString()).toBe(hashOf(kept).toString());
    }),
  );
});

test("a row counts as often as its diff says", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: -5, max: 5 }), (row, diff) => {
      const hash = new ContentHash();
      hash.add(row, diff);
      for (let i = diff; i < 0; i++) hash.add(row);
      expect(hash.toString()).toBe(hashOf(Array.from({ length: Math.max(0, diff) }, () => row)).toString());
    }),
  );
});

test("a content hash goes on from its text", () => {
  fc.assert(
    fc.property(rows, rows, (before, after) => {
      const hash = ContentHash.parse(hashOf(before).toString());
      for (const row of after) hash.add(row);
      expect(hash.toString()).toBe(hashOf([...before, ...after]).toString());
    }),
  );
});

test("a text that is no content hash is refused", () => {
  for (const text of ["", "0".repeat(31), "G".repeat(32), "A".repeat(32), `${"0".repeat(32)}\n`]) {
    expect(() => ContentHash.parse(text)).toThrow("DF_CORRUPT");
  }
});
