import fc from "fast-check";
import { expect, it } from "vitest";
import { TextHeap } from "./heap.ts";
import { KeyIndex, SegmentPool } from "./key-index.ts";
import { MEMORY_BYTES_MAX } from "./memory.ts";
import {
  compareKeys,
  compareTexts,
  fetchSlots,
  fetchTexts,
  findHashes,
  findWords,
  OTHER_KEY,
} from "./probe.ts";
import { textOf } from "./staged-keys.ts";

/** Hashes that crowd: into few segments, into few slots, or anywhere; some are equal. */
const hash = fc.oneof(
  fc.integer(),
  fc.integer({ min: 0, max: 5000 }),
  fc.nat({ max: 400 }).map((high) => (high << 22) | 0),
  fc.constantFrom(0, -1, 1 << 31),
);

/** Enters an id as the table does. */
function enter(index: KeyIndex, hashed: number, id: number): void {
  const base = index.reserve(hashed);
  const mask = index.slots * 2 - 1;
  let at = (hashed << 1) & mask;
  while (index.ints[base + at] !== 0) at = (at + 2) & mask;
  index.enter(hashed, id, base + at);
}

/** A generator of more hashes than fast-check makes in good time: each drawn one, and others near it. */
function spread(drawn: readonly number[]): number[] {
  return drawn.flatMap((first) =>
    Array.from({ length: 40 }, (_, i) => (first + Math.imul(i, 0x9e3779b1 >>> (i % 30))) | 0),
  );
}

it("an index finds an id under every hash that was entered and not taken out, and none under others", () => {
  fc.assert(
    fc.property(fc.array(hash, { minLength: 1, maxLength: 250 }), fc.array(hash), (drawn, others) => {
      const index = new KeyIndex(new SegmentPool("index", MEMORY_BYTES_MAX));
      const hashes = spread(drawn);
      for (const [id, entered] of hashes.entries()) {
        if (id % 500 === 100) index.expect(id, id % 1000 === 100);
        enter(index, entered, id);
      }
      const ids = new Map<number, Set<number>>();
      for (const [id, entered] of hashes.entries()) {
        if (id % 3 === 0) index.remove(entered, id);
        else ids.set(entered, (ids.get(entered) ?? new Set()).add(id));
      }
      const asked = Int32Array.from([...hashes, ...others]);
      const out = new Int32Array(asked.length);
      fetchSlots(index, asked, { from: 0, to: asked.length });
      // Begun in the middle: a block leaves those of others alone.
      const half = asked.length >>> 1;
      findHashes(index, asked, { from: half, to: asked.length }, out);
      expect(out.subarray(0, half).every((id) => id === 0)).toBe(true);
      findHashes(index, asked, { from: 0, to: half }, out);
      const wrong = [...asked].filter((entered, i) => {
        const id = out[i] as number;
        const right = ids.get(entered);
        return right === undefined ? id !== -1 : !right.has(id);
      });
      expect(wrong).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

it("a key of one word has the id that was entered for it, or is left to be looked for, though others share its hash", () => {
  const key = fc.tuple(hash, fc.integer({ min: 0, max: 3 }));
  const entries = fc.uniqueArray(key, { selector: String, minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(entries, fc.array(key), (entered, others) => {
      const index = new KeyIndex(new SegmentPool("index", MEMORY_BYTES_MAX));
      const rows = Int32Array.from(entered.flatMap(([hashed, n]) => [hashed, n, 0, 0]));
      for (const [id, [hashed]] of entered.entries()) enter(index, hashed, id);
      const asked = [...entered, ...others];
      const keys = Int32Array.from(asked.flat());
      const hashes = Int32Array.from(asked, ([hashed]) => hashed);
      const [out, unsure] = [new Int32Array(asked.length), new Int32Array(asked.length)];
      const half = asked.length >>> 1;
      const view = { rows, rowInts: 4, keys, hashes };
      const left: number[] = [];
      for (const range of [
        { from: half, to: asked.length },
        { from: 0, to: half },
      ]) {
        const count = findWords(index, view, range, { out, unsure });
        left.push(...unsure.subarray(0, count));
      }
      const ids = new Map(entered.map((one, id) => [String(one), id]));
      const plain = asked.map((one, i) => (left.includes(i) ? -1 : (ids.get(String(one)) ?? "absent")));
      expect([...out]).toEqual(plain);
      // Nothing lies before the first one that was entered.
      expect(out[0]).toBe(0);
    }),
    { numRuns: 200 },
  );
});

it("a row is another key's exactly if one of the compared ints differs", () => {
  const few = fc.integer({ min: 0, max: 2 });
  const shape = fc.record({
    keyInts: fc.constantFrom(0, 2, 4),
    more: fc.constantFrom(0, 2),
    texts: fc.boolean(),
  });
  fc.assert(
    fc.property(
      shape,
      fc.array(few, { minLength: 60, maxLength: 60 }),
      fc.array(few),
      ({ keyInts, more, texts }, ints, found) => {
        const plainInts = texts ? Math.max(0, keyInts - 2) : keyInts;
        const view = {
          rows: Int32Array.from(ints),
          rowInts: keyInts + more,
          keys: Int32Array.from(ints.toReversed()),
          keyInts,
          plainInts,
        };
        // Id 2 stands for none.
        const ids = found.slice(0, 9).map((id) => (id === 2 ? -1 : id));
        const out = Int32Array.from(ids);
        const missing = compareKeys(view, { from: 0, to: out.length }, out);
        const plain = ids.map((id, i) => {
          const row = view.rows.subarray(id * view.rowInts, id * view.rowInts + plainInts);
          const key = view.keys.subarray(i * keyInts, i * keyInts + plainInts);
          return id < 0 || row.every((int, k) => int === key[k]) ? id : OTHER_KEY;
        });
        expect([...out]).toEqual(plain);
        expect(missing).toBe(plain.filter((id) => id < 0).length);
      },
    ),
    { numRuns: 300 },
  );
});

it("a row is another key's exactly if its text has other bytes", () => {
  // Texts that begin alike and differ late, or in length only.
  const text = fc
    .tuple(fc.nat({ max: 9 }), fc.constantFrom("", "a", "b", "é", "\0"))
    .map(([n, end]) => "x".repeat(n) + end);
  const pair = fc.record({ stored: text, asked: text, found: fc.boolean() });
  fc.assert(
    fc.property(fc.array(pair, { minLength: 1, maxLength: 30 }), (pairs) => {
      const heap = new TextHeap("texts", MEMORY_BYTES_MAX);
      const rows = new Int32Array(pairs.length * 4);
      for (const [id, { stored }] of pairs.entries()) {
        const bytes = Buffer.from(stored);
        rows[id * 4 + 2] = heap.put(bytes, 0, bytes.length);
      }
      const asked = pairs.map(({ asked: key }) => Buffer.from(key));
      const ends = asked.map((_, i) => asked.slice(0, i + 1).reduce((sum, { length }) => sum + length, 1));
      const texts = {
        ...textOf(new Uint8Array(Buffer.concat([Buffer.from("?"), ...asked, Buffer.from("x\0")]))),
        starts: Int32Array.from([1, ...ends]),
        ends: Int32Array.from(ends),
      };
      const ids = pairs.map(({ found }, id) => (found ? id : -1));
      const out = Int32Array.from(ids);
      const view = { rows, rowInts: 4, word: 2, texts: heap.memory.ints };
      fetchTexts(view, { from: 0, to: out.length }, out);
      const others = compareTexts(view, texts, { from: 0, to: out.length }, out);
      const plain = ids.map((id, i) => (id < 0 || pairs[i]?.stored === pairs[i]?.asked ? id : OTHER_KEY));
      expect([...out]).toEqual(plain);
      expect(others).toBe(plain.filter((id) => id === OTHER_KEY).length);
    }),
    { numRuns: 300 },
  );
});
