import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Schema } from "@df/core";
import { COMPRESSIONS } from "@df/formats/parquet/compression";
import { encodeFile, ENCODE_LIMITS } from "@df/formats/parquet/encode-file";
import { hyparquetFile } from "@df/formats/parquet/hyparquet-file.testing";
import { kernelLoops } from "@df/formats/parquet/kernels/kernel-loops";
import { PLAIN_LOOPS } from "@df/formats/parquet/loops";
import { packRows, type PackedRows } from "@df/formats/parquet/pack";
import { batchArbitrary, schemaArbitrary } from "@df/testing";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { missingReaders, python } from "../outside-readers.ts";
import { mutants } from "./parquet-mutants.ts";

/** PARQUET_FILES=5000 tries more, which is told with the seed. */
const FILES = Number(process.env["PARQUET_FILES"] ?? 150);
const folder = mkdtempSync(join(tmpdir(), "parquet-random-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The columns with plain names, since SQL knows no empty one, behind one that numbers the rows. */
function numbered(
  schema: Schema,
  packed: PackedRows,
): { readonly schema: Schema; readonly packed: PackedRows } {
  const row = { name: "row", type: { kind: "int32" }, nullable: false, optional: false } as const;
  const values = Int32Array.from({ length: packed.rows }, (_, i) => i);
  return {
    schema: { fields: [row, ...schema.fields.map((field, i) => ({ ...field, name: `c${i}` }))] },
    packed: { rows: packed.rows, columns: [{ layout: "int", values }, ...packed.columns] },
  };
}

/** Files of a few row groups and pages, with and without dictionaries, and some of the usual size. */
const fileArbitrary = schemaArbitrary.chain((schema) =>
  fc.record({
    schema: fc.constant(schema),
    form: fc.record({
      compression: fc.constantFrom(...COMPRESSIONS),
      decimals: fc.constantFrom("int64" as const, "fixed" as const),
      fieldIds: fc.constantFrom(undefined, Object.fromEntries(schema.fields.map((_, i) => [`c${i}`, i + 7]))),
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
  }),
);

describe.skipIf(missingReaders !== undefined)(
  `Parquet files at random${missingReaders === undefined ? "" : ` (${missingReaders})`}`,
  () => {
    test("pyarrow, DuckDB and Polars read what another writer's file holds, and filters that skip rows find them all", () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const samples = fc.sample(fileArbitrary, { numRuns: FILES, seed });
      const kernels = kernelLoops() ?? PLAIN_LOOPS;
      for (const [i, { schema, form, batches, limits }] of samples.entries()) {
        const file = numbered(schema, packRows(schema, [...batches, ...batches]));
        const loops = i % 4 === 0 ? PLAIN_LOOPS : kernels;
        const { bytes } = encodeFile(file.schema, file.packed, { form, limits, loops });
        writeFileSync(join(folder, `${i}.ours.parquet`), bytes);
        writeFileSync(join(folder, `${i}.other.parquet`), hyparquetFile(file.schema, file.packed));
      }
      const [counts = "", ...deviations] = python("test/interop/parquet_random.py", folder);
      expect(deviations, `seed ${seed}`).toEqual([]);
      const [files, rowGroups, filters] = counts.split(" ").map(Number);
      if (process.env["PARQUET_FILES"] !== undefined)
        console.log(`${FILES} files, seed ${seed}: ${rowGroups} row groups, ${filters} filters`);
      expect(files).toBe(FILES);
      expect(rowGroups).toBeGreaterThan(FILES * 2);
      expect(filters).toBeGreaterThan(FILES * 15);
    });

    test("each statistic that is wrong loses rows for one of them", () => {
      const files = mutants();
      const into = join(folder, "mutants");
      mkdirSync(into);
      for (const { name, bytes, other } of files) {
        writeFileSync(join(into, `${name}.ours.parquet`), bytes);
        writeFileSync(join(into, `${name}.other.parquet`), other);
      }
      const [, ...deviations] = python("test/interop/parquet_random.py", into);
      const unseen = files.filter(({ name }) => !deviations.some((line) => line.includes(`${name}.ours.`)));
      expect(unseen.map(({ name }) => name)).toEqual([]);
    });
  },
);
