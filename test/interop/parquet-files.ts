/** Parquet files at random: what they hold, and how they are laid out. */
import { writeFileSync } from "node:fs";
import type { Schema } from "@df/core";
import { COMPRESSIONS } from "@df/formats/parquet/compression";
import { encodeFile, ENCODE_LIMITS, type Encoding } from "@df/formats/parquet/encode-file";
import { hyparquetFile } from "@df/formats/parquet/hyparquet-file.testing";
import { packRows, type PackedRows } from "@df/formats/parquet/pack";
import { batchArbitrary, schemaArbitrary } from "@df/testing";
import fc from "fast-check";

/** What is in a file: column `row` has the number of the row, the others are c0, c1, … */
interface Rows {
  readonly schema: Schema;
  readonly packed: PackedRows;
}

/** A file, and how it is laid out. */
export interface RandomFile extends Rows {
  readonly encoding: Encoding;
}

/** Files of a few row groups and pages, with and without dictionaries, and some of the usual size. */
export const fileArbitrary: fc.Arbitrary<RandomFile> = schemaArbitrary.chain((schema) =>
  fc
    .record({
      form: fc.record({
        compression: fc.constantFrom(...COMPRESSIONS),
        decimals: fc.constantFrom("int64" as const, "fixed" as const),
        fieldIds: fc.constantFrom(
          undefined,
          Object.fromEntries(schema.fields.map((_, i) => [`c${i}`, i + 7])),
        ),
      }),
      batches: fc.array(batchArbitrary(schema, { rowsMax: 12 }), { minLength: 1, maxLength: 4 }),
      limits: fc.oneof(
        fc.constant(ENCODE_LIMITS),
        fc.record({
          rowGroupRows: fc.integer({ min: 2, max: 12 }),
          pageBytes: fc.integer({ min: 1, max: 64 }),
          dictionaryBytes: fc.constantFrom(0, 20, 1000),
          dictionaryValues: fc.constantFrom(1, 3, 1000),
        }),
      ),
    })
    .map(({ batches, form, limits }) => ({
      ...numbered(schema, packRows(schema, [...batches, ...batches])),
      encoding: { form, limits },
    })),
);

/** Writes the file, and one with the same rows by another writer. */
export function writeBoth(
  { schema, packed, encoding }: RandomFile,
  { ours, other, loops }: { readonly ours: string; readonly other: string } & Pick<Encoding, "loops">,
): void {
  writeFileSync(ours, encodeFile(schema, packed, { ...encoding, loops }).bytes);
  writeFileSync(other, hyparquetFile(schema, packed));
}

/** The columns with plain names, since SQL knows no empty one, behind one that numbers the rows. */
function numbered(schema: Schema, packed: PackedRows): Rows {
  const row = { name: "row", type: { kind: "int32" }, nullable: false, optional: false } as const;
  const values = Int32Array.from({ length: packed.rows }, (_, i) => i);
  return {
    schema: { fields: [row, ...schema.fields.map((field, i) => ({ ...field, name: `c${i}` }))] },
    packed: { rows: packed.rows, columns: [{ layout: "int", values }, ...packed.columns] },
  };
}
