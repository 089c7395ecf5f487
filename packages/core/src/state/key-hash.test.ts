import fc from "fast-check";
import { expect, it } from "vitest";
import { hashWords, wordsHash } from "./key-hash.ts";

it("many keys of one word have the hashes that each has by itself", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer(), fc.integer())), fc.integer(), (keys, seed) => {
      const ints = Int32Array.from(keys.flat());
      const hashes = new Int32Array(keys.length);
      hashWords(ints, keys.length, seed, hashes);
      const plain = keys.map((_, i) => wordsHash(ints, i * 2, { plainInts: 2, stride: 2, seed }));
      expect([...hashes]).toEqual(plain);
    }),
  );
});
