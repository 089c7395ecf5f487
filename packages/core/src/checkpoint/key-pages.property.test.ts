import Database from "better-sqlite3";
import fc from "fast-check";
import { expect, test } from "vitest";
import { byteStrings, stringAt } from "../batch/byte-strings.ts";
import { joinPieces, packChanges, piecesOf } from "./index-changes.ts";
import { KeyPages } from "./key-pages.ts";
import { TABLES } from "./schema.sql.ts";

function newPages(): { readonly db: Database.Database; readonly pages: KeyPages } {
  const db = new Database(":memory:");
  db.exec(TABLES);
  return { db, pages: new KeyPages(db) };
}

/** Keys of which few come often, and values from none to a page and more. */
const key = fc
  .tuple(fc.constantFrom("", "a", "key-"), fc.nat({ max: 400 }))
  .map(([head, n]) => (n === 0 ? "" : `${head}${n}`));
const value = fc
  .tuple(fc.nat({ max: 9 }), fc.constantFrom(0, 1, 40, 40, 40, 12_000))
  .map(([digit, length]) => String(digit).repeat(length));
const changes = fc.dictionary(key, value, { maxKeys: 300 });

test("after any changes an index has what a Map has, and answers in the order in which it is asked", () => {
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 6 }), (all) => {
      const { pages } = newPages();
      const known = new Map<string, string>();
      for (const some of all) {
        const entries = Object.entries(some);
        const packed = {
          keys: byteStrings(entries.map(([name]) => Buffer.from(name))),
          values: byteStrings(entries.map(([, text]) => Buffer.from(text))),
        };
        pages.apply("sink", packed);
        pages.apply("other", packed);
        for (const [name, text] of entries) known.set(name, text);
        const asked = [...known.keys(), "absent", "zzz"].toReversed();
        const given = pages.get("sink", byteStrings(asked.map((name) => Buffer.from(name))));
        expect(Array.from(given.ends, (_, i) => Buffer.from(stringAt(given, i)).toString())).toEqual(
          asked.map((name) => known.get(name) ?? ""),
        );
      }
      pages.clear("other");
      expect(pages.get("other", byteStrings([Buffer.from("a1")])).bytes).toHaveLength(0);
    }),
    { numRuns: 60 },
  );
});

test("pages are divided as they grow, and a page without entries is gone", () => {
  const { db, pages } = newPages();
  const keys = byteStrings(Array.from({ length: 2000 }, (_, i) => Buffer.from(`key ${i}`)));
  const values = byteStrings(Array.from({ length: 2000 }, () => Buffer.alloc(24, 1)));
  const sizes = (): number[] =>
    db
      .prepare<[], { size: number }>("SELECT length(bytes) AS size FROM key_page")
      .all()
      .map(({ size }) => size);
  pages.apply("sink", { keys, values });
  expect(sizes().length).toBeGreaterThan(10);
  expect(Math.max(...sizes())).toBeLessThan(16_384);
  pages.apply("sink", { keys, values: byteStrings(Array.from({ length: 2000 }, () => Buffer.alloc(0))) });
  expect(sizes()).toEqual([]);
});

test("changes come out of their pieces as they went in, however small these are", () => {
  fc.assert(
    fc.property(changes, fc.integer({ min: 1, max: 2000 }), (some, bytesMax) => {
      const given = {
        keys: byteStrings(Object.keys(some).map((name) => Buffer.from(name))),
        values: byteStrings(Object.values(some).map((text) => Buffer.from(text))),
      };
      const joined = joinPieces([...piecesOf(given, bytesMax)]);
      expect(Buffer.from(packChanges(joined)).equals(packChanges(given))).toBe(true);
    }),
  );
});
