import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kernelLoops } from "@df/formats/parquet/kernels/kernel-loops";
import { PLAIN_LOOPS } from "@df/formats/parquet/loops";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { missingReaders, python } from "../outside-readers.ts";
import { fileArbitrary, writeBoth } from "./parquet-files.ts";
import { mutants } from "./parquet-mutants.ts";

/** PARQUET_FILES=5000 tries more, which is told with the seed. */
const FILES = Number(process.env["PARQUET_FILES"] ?? 150);
const folder = mkdtempSync(join(tmpdir(), "parquet-random-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(missingReaders !== undefined)(
  `Parquet files at random${missingReaders === undefined ? "" : ` (${missingReaders})`}`,
  () => {
    test("pyarrow, DuckDB and Polars read what another writer's file holds, and filters that skip rows find them all", () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const samples = fc.sample(fileArbitrary, { numRuns: FILES, seed });
      const kernels = kernelLoops() ?? PLAIN_LOOPS;
      for (const [i, file] of samples.entries()) {
        const [ours, other] = [join(folder, `${i}.ours.parquet`), join(folder, `${i}.other.parquet`)];
        writeBoth(file, { ours, other, loops: i % 4 === 0 ? PLAIN_LOOPS : kernels });
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
