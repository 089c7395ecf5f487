import fc from "fast-check";
import { expect, it } from "vitest";
import { t } from "../schema/kit.ts";
import type { Schema } from "../schema/schema.ts";
import { CanonicalCodec } from "./canonical.ts";
import { KeyGroups } from "./key-groups.ts";
import { batchOf } from "./rows.ts";

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(0n, -1n, 2n ** 53n),
);
const COLUMNS = {
  bool: { type: t.bool(), value: fc.boolean() },
  int32: { type: t.int32(), value: fc.integer() },
  int: { type: t.int(), value: fc.maxSafeInteger() },
  int64: { type: t.int64(), value: int64 },
  timestamp: { type: t.timestamp(), value: fc.integer({ min: -1e12, max: 1e12 }) },
  float64: { type: t.float64(), value: fc.double() },
  string: { type: t.string(), value: fc.oneof(fc.string(), fc.constant("a\0")) },
  nullable: { type: t.int().nullable(), value: fc.option(fc.maxSafeInteger()) },
};
type Kind = keyof typeof COLUMNS;
/** All kinds of keys; a text with a 00 is left to the codec. */
const kinds = fc.oneof(
  fc.uniqueArray(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom<Kind>("bool", "int32", "int", "int64", "timestamp") },
      { weight: 1, arbitrary: fc.constantFrom<Kind>("float64", "string", "nullable") },
    ),
    { maxLength: 4 },
  ),
  // Keys of one whole number have a loop of their own.
  fc.constantFrom<Kind[]>(["int32"], ["int"], ["int64"], ["timestamp"], ["float64"], ["nullable"]),
);
const keys = kinds.chain((names) => {
  const row = fc.record(
    Object.fromEntries(names.map((name) => [name, COLUMNS[name].value as fc.Arbitrary<unknown>])),
  );
  return fc.record({ names: fc.constant(names), rows: fc.array(row, { minLength: 1, maxLength: 40 }) });
});

it("key groups of many rows are those of the canonical bytes of each", () => {
  fc.assert(
    fc.property(keys, fc.infiniteStream(fc.nat()), ({ names, rows }, draws) => {
      const schema: Schema =
        names.length === 0
          ? { fields: [] }
          : t.row(Object.fromEntries(names.map((name) => [name, COLUMNS[name].type]))).schema;
      const batch = batchOf(schema, rows);
      const picked = Int32Array.from(rows, () => (draws.next().value as number) % rows.length);
      const out = new Uint8Array(rows.length + 1).fill(255);
      const groups = new KeyGroups(schema);
      // Twice, so that what a first batch leaves behind is seen.
      for (let round = 0; round < 2; round++) groups.write(batch, picked, picked.length, out);
      const codec = new CanonicalCodec(schema);
      expect([...out]).toEqual([...Array.from(picked, (row) => codec.keyGroup(batch, row)), 255]);
    }),
    { numRuns: 300 },
  );
});
