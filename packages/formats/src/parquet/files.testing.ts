/** Files at random, as their encoder is given them. */
import type { Batch, Schema } from "@df/core";
import fc from "fast-check";
import type { EncodeLimits } from "./column-chunk.ts";
import { ENCODE_LIMITS } from "./encode-file.ts";
import { packRows } from "./pack.ts";
import type { PackedRows } from "./pack.ts";

/** What becomes a file. */
export interface GivenFile {
  readonly schema: Schema;
  readonly packed: PackedRows;
  readonly limits: EncodeLimits;
}

/** The usual ones, or such small ones that a few rows have several row groups, pages and dictionaries that overflow. */
const limitsArbitrary = fc.oneof(
  fc.constant(ENCODE_LIMITS),
  fc.record({
    rowGroupRows: fc.integer({ min: 1, max: 40 }),
    pageBytes: fc.integer({ min: 1, max: 64 }),
    dictionaryBytes: fc.integer({ min: 0, max: 64 }),
    dictionaryValues: fc.integer({ min: 0, max: 8 }),
  }),
);

/** Rows of one schema, drawn from a few, so that values repeat as they do in real columns. */
export function fileArbitrary(
  schemas: fc.Arbitrary<Schema>,
  batchesOf: (schema: Schema, options: { readonly rowsMax: number }) => fc.Arbitrary<Batch>,
): fc.Arbitrary<GivenFile> {
  return schemas.chain((schema) =>
    fc
      .record({
        batches: fc.array(batchesOf(schema, { rowsMax: 12 }), { maxLength: 3 }),
        repeats: fc.integer({ min: 1, max: 5 }),
        limits: limitsArbitrary,
      })
      .map(({ batches, repeats, limits }) => ({
        schema,
        limits,
        packed: packRows(schema, Array.from({ length: repeats }, () => batches).flat()),
      })),
  );
}
