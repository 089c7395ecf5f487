import { pipeline } from "dataflow";
import { delta } from "dataflow/delta";
import { memorySource } from "dataflow/memory";
import { describe, expect, test } from "vitest";
import { deltaRows, missingReaders, python } from "../outside-readers.ts";
import { canonicalLines, sameForm } from "./canonical-lines.ts";
import { delivering } from "./delivering.ts";
import { everyRows, EveryType, type EveryRow } from "./every-type.ts";

/** A table of every type, partitioned by `part`, written in three deliveries. */
async function written(): Promise<{ readonly table: string; readonly rows: readonly EveryRow[] }> {
  const log: EveryRow[] = [];
  const { table, deliver } = delivering(
    pipeline("append", { checkpointEvery: "1h" }, (p) => {
      p.from("log", memorySource(log, EveryType, { bounded: false })).to(
        "out",
        delta({ path: "./table", partitionBy: ["part"] }),
      );
    }),
  );
  for (const count of [100, 1, 90]) {
    log.push(...everyRows(log.length, count));
    await deliver();
  }
  return { table, rows: log };
}

describe.skipIf(missingReaders !== undefined)(
  `Delta, append${missingReaders === undefined ? "" : ` (${missingReaders})`}`,
  () => {
    test("rows", async () => {
      const { table, rows } = await written();
      // Delta has no empty text in partition columns: it is null there.
      const expected = canonicalLines(
        EveryType.schema,
        rows.map((row) => ({ ...row, part: row.part === "" ? null : row.part })),
      );
      console.log(table);
      console.time("read");
      const read = sameForm(deltaRows(table));
      console.timeEnd("read");
      expect(read).toEqual(expected);
      expect(sameForm(deltaRows(table, "--engine", "duckdb"))).toEqual(expected);
      console.timeEnd("read");
      console.log(python("test/interop/delta_reader.py", table, "--prune"));
    });
  },
);
