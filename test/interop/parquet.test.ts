import { pipeline } from "dataflow";
import { memorySource } from "dataflow/memory";
import { parquet } from "dataflow/parquet";
import { describe, expect, test } from "vitest";
import { missingReaders, python } from "../outside-readers.ts";
import { canonicalLines, sameForm } from "./canonical-lines.ts";
import { delivering, type Delivering } from "./delivering.ts";
import { everyRows, EveryType, type EveryRow } from "./every-type.ts";

/** A directory that grows by some rows of every type in each delivery, partitioned by `part`. */
function growing(log: EveryRow[]): Delivering {
  return delivering(
    pipeline("directory", { checkpointEvery: "1ms" }, (p) => {
      p.from("log", memorySource(log, EveryType, { bounded: false })).to(
        "out",
        parquet({ path: "./table", partitionBy: ["part"] }),
        { commitEvery: { bytes: 1 } },
      );
    }),
  );
}

describe.skipIf(missingReaders !== undefined)(
  `Parquet directory${missingReaders === undefined ? "" : ` (${missingReaders})`}`,
  () => {
    test("pyarrow and DuckDB read the rows that were written, by the manifest and by pattern", async () => {
      const log: EveryRow[] = [];
      const { table, deliverEach } = growing(log);
      const versions = await deliverEach(3, () => log.push(...everyRows(log.length, 70)));
      expect(versions).toEqual([1, 2, 3]);
      const expected = canonicalLines(EveryType.schema, log);
      expect(expected).toHaveLength(210);
      for (const engine of ["pyarrow", "duckdb"]) {
        for (const files of ["manifest", "all"]) {
          const given = [table, "--engine", engine, "--files", files];
          const rows = sameForm(python("test/interop/parquet_reader.py", ...given));
          expect({ engine, files, rows }).toEqual({ engine, files, rows: expected });
        }
      }
    });

    test("DuckDB reads the same values from the names of folders, with null for empty text", async () => {
      const log = everyRows(0, 60);
      const { table, deliver } = growing(log);
      await deliver();
      const rows = log.map((row) => ({ ...row, part: row.part === "" ? null : row.part }));
      const read = python("test/interop/parquet_reader.py", table, "--engine", "duckdb", "--folders");
      expect(sameForm(read)).toEqual(canonicalLines(EveryType.schema, rows));
    });

    test("rows that were staged by a run that died are seen by nobody, and once after the next run", async () => {
      const log: EveryRow[] = [];
      const { table, deliver, deliverEach } = growing(log);
      await deliverEach(1, () => log.push(...everyRows(0, 40)));
      const crash = deliverEach(
        1,
        () => log.push(...everyRows(40, 40)),
        async (step) => {
          if (step === "staged") throw new Error("crash");
        },
      );
      await expect(crash).rejects.toThrow("crash");
      const read = (files: string): string[] =>
        sameForm(python("test/interop/parquet_reader.py", table, "--files", files));
      expect(read("manifest")).toEqual(canonicalLines(EveryType.schema, log.slice(0, 40)));
      expect(read("all")).toEqual(canonicalLines(EveryType.schema, log.slice(0, 40)));
      await deliver();
      expect(read("manifest")).toEqual(canonicalLines(EveryType.schema, log));
      expect(read("all")).toEqual(canonicalLines(EveryType.schema, log));
    });
  },
);
