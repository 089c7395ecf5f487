import Database from "better-sqlite3";
import fc from "fast-check";
import { expect, test } from "vitest";
import { byteStrings, stringAt } from "../batch/byte-strings.ts";
import type { IndexChanges } from "../connector.ts";
import { firstMerged, KeyRuns } from "./key-runs.ts";
import { TABLES } from "./schema.sql.ts";

function newRuns(): { readonly db: Database.Database; readonly runs: KeyRuns } {
  const db = new Database(":memory:");
  db.exec(TABLES);
  return { db, runs: new KeyRuns(db) };
}

function packed(entries: readonly (readonly [string, string])[]): IndexChanges {
  return {
    keys: byteStrings(entries.map(([name]) => Buffer.from(name))),
    values: byteStrings(entries.map(([, text]) => Buffer.from(text))),
  };
}

function count(db: Database.Database, table: string): number {
  return db.prepare<[], { count: number }>(`SELECT count(*) AS count FROM ${table}`).get()?.count ?? 0;
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
    fc.property(fc.array(fc.tuple(changes, fc.boolean()), { maxLength: 12 }), (all) => {
      const { runs, db } = newRuns();
      const known = new Map<string, string>();
      for (const [some, counts] of all) {
        const entries = Object.entries(some);
        runs.stage("sink", packed(entries));
        runs.add("other", packed(entries));
        if (counts) {
          runs.settle("sink");
          for (const [name, text] of entries) known.set(name, text);
        }
        const asked = [...known.keys(), ...entries.map(([name]) => name), "absent", "zzz"].toReversed();
        const given = runs.get("sink", byteStrings(asked.map((name) => Buffer.from(name))));
        expect(Array.from(given.ends, (_, i) => Buffer.from(stringAt(given, i)).toString())).toEqual(
          asked.map((name) => known.get(name) ?? ""),
        );
      }
      runs.unstage("sink");
      runs.clear("other");
      runs.clear("sink");
      expect([count(db, "key_run"), count(db, "key_page")]).toEqual([0, 0]);
    }),
    { numRuns: 40 },
  );
});

test("what is staged is told in the order of its keys, and is gone when something else is staged", () => {
  const { runs } = newRuns();
  runs.stage("sink", packed([["b", "2"]]));
  runs.stage(
    "sink",
    packed([
      ["d", ""],
      ["a", "1"],
    ]),
  );
  expect(runs.staged("sink")).toEqual(
    packed([
      ["a", "1"],
      ["d", ""],
    ]),
  );
  runs.settle("sink");
  expect(runs.staged("sink").keys.ends).toHaveLength(0);
});

test("a delivery of few keys into a large index writes no more than it changes, and now and then all", () => {
  const { db, runs } = newRuns();
  const entry = (i: number): readonly [string, string] => [`key ${(i * 7919) % 20_011}`, "v".repeat(24)];
  runs.add("sink", packed(Array.from({ length: 20_000 }, (_, i) => entry(i))));
  const pages = count(db, "key_page");
  const deliveries = 200;
  const written = db.prepare<[], { written: number }>("SELECT total_changes() AS written");
  const before = written.get()?.written ?? 0;
  let most = 0;
  for (let nth = 0; nth < deliveries; nth++) {
    runs.add("sink", packed(Array.from({ length: 100 }, (_, i) => entry(nth * 97 + i * 31))));
    most = Math.max(most, count(db, "key_run"));
  }
  // The keys of one delivery lie in most of the pages.
  expect(pages).toBeGreaterThan(100);
  expect(((written.get()?.written ?? 0) - before) / deliveries).toBeLessThan(30);
  expect(most).toBeLessThan(12);
  expect(runs.get("sink", packed([entry(0)]).keys).bytes).toHaveLength(24);
});

test("keys that are removed leave nothing behind when all runs are merged", () => {
  const { db, runs } = newRuns();
  const all = Array.from({ length: 2000 }, (_, i) => `key ${i}`);
  runs.add("sink", packed(all.map((name) => [name, "v".repeat(24)])));
  expect(count(db, "key_page")).toBeGreaterThan(10);
  const pages = Array.from({ length: 8 }, () => {
    runs.add("sink", packed(all.map((name) => [name, ""])));
    return count(db, "key_page");
  });
  expect(pages).toContain(0);
});

test.each<[readonly number[], number | undefined]>([
  [[], undefined],
  [[1, 1, 1], undefined],
  [[1, 1, 1, 1], 0],
  [[4, 1, 1, 1], undefined],
  [[9, 1, 1, 1, 1], 1],
  [[4, 1, 1, 1, 1], 0],
  [[100, 9, 3, 3, 3], 1],
  [[100, 10, 3, 3, 3], undefined],
])("runs of %j bytes are merged from number %s on", (sizes, first) => {
  expect(firstMerged(sizes)).toBe(first);
});
