import fc from "fast-check";
import { expect, test } from "vitest";
import { t } from "../schema/kit.ts";
import type { Schema } from "../schema/schema.ts";
import type { Batch } from "./batch.ts";
import { CanonicalCodec } from "./canonical.ts";
import type { Column } from "./column.ts";
import { HASHES_MAX } from "./content-hash.ts";
import { hash128 } from "./hash.ts";
import { hashKernel } from "./hash-kernel.ts";

const ints = fc.oneof(fc.integer(), fc.constantFrom(0, -1, 2 ** 31 - 1, -(2 ** 31)));
const wholes = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.constantFrom(-0, 2 ** 32, -(2 ** 32), 2 ** 53 - 1),
);
const column = fc.oneof(
  fc.record({ type: fc.constant(t.int32()), values: fc.array(ints, { minLength: 1, maxLength: 9 }) }),
  fc.record({
    type: fc.constantFrom(t.int(), t.timestamp(), t.decimal(18, 2)),
    values: fc.array(wholes, { minLength: 1, maxLength: 9 }),
  }),
);
type Made = typeof column extends fc.Arbitrary<infer One> ? One : never;

function schemaOf(columns: readonly Made[]): Schema {
  return t.row(Object.fromEntries(columns.map(({ type }, i) => [`c${i}`, type]))).schema;
}

/** Rows that repeat the values of each column. */
function batchOf(columns: readonly Made[], length: number): Batch {
  const schema = schemaOf(columns);
  const made = columns.map(({ values }, i): Column => {
    const repeated = Array.from({ length }, (_, row) => values[row % values.length] as number);
    const layout = schema.fields[i]?.type.kind;
    if (layout === "int32") return { layout: "int", values: Int32Array.from(repeated) };
    return { layout: layout === "timestamp" ? "double" : "long", values: Float64Array.from(repeated) };
  });
  return { schema, length, columns: made, change: "append", times: new Float64Array(length), clocks: 0 };
}

/** Row after row, by canonical bytes. */
function plain(batch: Batch, first: number, count: number): number[] {
  const codec = new CanonicalCodec(batch.schema);
  const words = new Uint32Array(4);
  return Array.from({ length: count }, (_, i) => {
    const bytes = codec.encode(batch, first + i);
    hash128(bytes, 0, bytes.length, words);
    return [...new Int32Array(words.buffer)];
  }).flat();
}

test("rows of whole numbers have the hash of their canonical bytes, however many columns and rows there are", () => {
  const into = new Int32Array(HASHES_MAX * 4);
  fc.assert(
    fc.property(
      fc.array(column, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 40 }),
      fc.nat(39),
      (columns, length, skipped) => {
        const first = skipped % length;
        const batch = batchOf(columns, length);
        expect(hashKernel(batch.schema)?.hash(batch, first, into)).toBe(length - first);
        expect([...into.subarray(0, (length - first) * 4)]).toEqual(plain(batch, first, length - first));
      },
    ),
    { numRuns: 300 },
  );
});

test.each([1, 2, 5, 7, 16])(
  "rows of %i columns have the hash of their bytes, also at the most that is hashed at once",
  (count) => {
    const columns = Array.from({ length: count }, (_, i) => ({
      type: t.int(),
      values: [i * 2 ** 40, -i, 1],
    }));
    const into = new Int32Array(HASHES_MAX * 4);
    const batch = batchOf(columns, HASHES_MAX + 1);
    expect(hashKernel(batch.schema)?.hash(batch, 0, into)).toBe(HASHES_MAX);
    expect([...into]).toEqual(plain(batch, 0, HASHES_MAX));
  },
);

test("nulls, wide values, and rows with other values than whole numbers are left to others", () => {
  const into = new Int32Array(HASHES_MAX * 4);
  const batch = batchOf([{ type: t.int(), values: [1] }], 3);
  const kernel = hashKernel(batch.schema);
  const given = (column: Column): number | undefined =>
    kernel?.hash({ ...batch, columns: [column] }, 0, into);
  const values = Float64Array.of(1, 2, 3);
  expect(given({ layout: "long", values, validity: Uint8Array.of(1, 0, 1) })).toBe(0);
  expect(given({ layout: "long", values, validity: Uint8Array.of(1, 1, 1) })).toBe(3);
  expect(given({ layout: "long", values: BigInt64Array.of(1n, 2n, 3n) })).toBe(0);
  for (const type of [t.float64(), t.string(), t.bool()]) {
    expect(hashKernel(t.row({ n: t.int(), x: type }).schema)).toBeUndefined();
  }
});
