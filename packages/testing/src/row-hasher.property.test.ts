import { BATCH_ROWS_MAX, diffAt, gatherRows, t } from "@df/core";
import type { Batch } from "@df/core";
import { CanonicalCodec, ContentHash } from "@df/core/batch/canonical";
import { RowHasher } from "@df/core/batch/row-hasher";
import { batchOf } from "@df/core/batch/rows";
import fc from "fast-check";
import { expect, test } from "vitest";
import { batchArbitrary, schemaArbitrary } from "./arbitraries.ts";

const changes = fc.constantFrom("append", "retract", "upsert");

const batchesOf = schemaArbitrary.chain((schema) =>
  fc.array(
    changes.chain((change) => batchArbitrary(schema, { change })),
    { minLength: 1, maxLength: 4 },
  ),
);

/** Row after row, by canonical bytes. */
function plain(batches: readonly Batch[]): string {
  const sum = new ContentHash();
  for (const batch of batches) {
    const codec = new CanonicalCodec(batch.schema);
    for (let row = 0; row < batch.length; row++) sum.add(codec.encode(batch, row), diffAt(batch, row));
  }
  return sum.toString();
}

function byBatch(batches: readonly Batch[]): string {
  const sum = new ContentHash();
  const [first] = batches;
  const hasher = first && new RowHasher(first.schema);
  for (const batch of batches) hasher?.add(batch, sum);
  return sum.toString();
}

test("batches have the content hash of their rows one after the other", () => {
  fc.assert(
    fc.property(batchesOf, (batches) => {
      expect(byBatch(batches)).toBe(plain(batches));
    }),
    { numRuns: 1000 },
  );
});

test("the content hash of a full batch is that of its rows, also where it is encoded in parts", () => {
  const rows = schemaArbitrary.chain((schema) => batchArbitrary(schema, { rowsMin: 8, change: "retract" }));
  fc.assert(
    fc.property(rows, fc.integer({ min: 1025, max: BATCH_ROWS_MAX }), (batch, length) => {
      const repeated = gatherRows(
        batch,
        Int32Array.from({ length }, (_, i) => i % batch.length),
        length,
      );
      expect(byBatch([repeated])).toBe(plain([repeated]));
    }),
    { numRuns: 20 },
  );
});

test("rows of whole numbers have the same content hash where code was made for them, a null among them or none", () => {
  const { schema } = t.row({ id: t.int(), day: t.date(), at: t.timestamp().nullable() });
  const batches = [3000, 1, 3, 1500].map((length, b) =>
    batchOf(
      schema,
      Array.from({ length }, (_, i) => ({
        id: (i - 9) * 2 ** 30,
        day: "2026-01-31",
        at: b === 2 && i === 1 ? null : i * 1000 - b,
      })),
    ),
  );
  expect(byBatch(batches)).toBe(plain(batches));
});

test("texts of every length around a word, and longer than what is encoded at once, count like others", () => {
  const { schema } = t.row({ n: t.int(), text: t.string() });
  const lengths = [...Array.from({ length: 40 }, (_, i) => i), 70_000, 3, 200_000, 65_530];
  const batch = batchOf(
    schema,
    lengths.map((length, n) => ({ n, text: "x".repeat(length) })),
  );
  expect(byBatch([batch])).toBe(plain([batch]));
});

test("a row that is there a million times is counted at once, as if it were added a million times", () => {
  const { schema } = t.row({ n: t.int() });
  const diffs = [2_000_000_000, -1, 1025, -1024, -1_999_999_999];
  const batch = batchOf(
    schema,
    diffs.map(() => ({ n: 1 })),
    { change: "retract", diffs },
  );
  expect(byBatch([batch])).toBe(plain([batchOf(schema, [{ n: 1 }])]));
});
