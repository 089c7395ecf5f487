import { pipeline } from "dataflow";
import { delta } from "dataflow/delta";
import { memorySource } from "dataflow/memory";
import { beforeAll, describe, expect, test } from "vitest";
import { deltaRows, missingReaders, python } from "../outside-readers.ts";
import { canonicalLines, sameForm } from "./canonical-lines.ts";
import { delivering } from "./delivering.ts";
import { everyRows, EveryType, type EveryRow } from "./every-type.ts";

/** Writes a table of every type, partitioned by `part`, in three deliveries. */
async function written(
  rowsEach: number,
  parts?: 12,
): Promise<{ readonly table: string; readonly rows: readonly EveryRow[]; readonly contentHash: unknown }> {
  const log: EveryRow[] = [];
  const definition = pipeline("append", { checkpointEvery: "1ms" }, (p) => {
    p.from("log", memorySource(log, EveryType, { bounded: false })).to(
      "out",
      delta({ path: "./table", partitionBy: ["part"] }),
      { commitEvery: { bytes: 1 } },
    );
  });
  const { table, deliver, deliverEach } = delivering(definition);
  const versions = await deliverEach(3, () => log.push(...everyRows(log.length, rowsEach, parts)));
  expect(versions).toEqual([1, 2, 3]);
  // Nothing is new: it only reports.
  const { sinks } = await deliver();
  return { table, rows: log, contentHash: sinks[0]?.contentHash };
}

/** The rows as Delta has them: it cannot tell empty text from null in partition columns. */
function asDelta(rows: readonly EveryRow[]): string[] {
  const changed = rows.map((row) => ({ ...row, part: row.part === "" ? null : row.part }));
  return canonicalLines(EveryType.schema, changed);
}

describe.skipIf(missingReaders !== undefined)(
  `Delta, append${missingReaders === undefined ? "" : ` (${missingReaders})`}`,
  () => {
    let hostile: Awaited<ReturnType<typeof written>>;
    beforeAll(async () => {
      hostile = await written(70);
    });

    test.each(["delta-rs", "duckdb"])(
      "%s reads rows of every type and from folders of any name as they were written",
      (engine) => {
        const expected = asDelta(hostile.rows);
        expect(expected).toHaveLength(210);
        expect(sameForm(deltaRows(hostile.table, "--engine", engine))).toEqual(expected);
      },
    );

    test("a table whose files are compressed in another way from one run on is read as one", async () => {
      const log: EveryRow[] = [];
      let compression: "snappy" | "zstd" = "snappy";
      const { table, deliver } = delivering(() =>
        pipeline("append", (p) => {
          const rows = p.from("log", memorySource(log, EveryType, { bounded: false }));
          rows.to("out", delta({ path: "./table", compression }), { commitEvery: { bytes: 1 } });
        }),
      );
      for (compression of ["snappy", "zstd"] as const) {
        log.push(...everyRows(log.length, 40));
        await deliver();
      }
      const rows = canonicalLines(EveryType.schema, log);
      for (const engine of ["delta-rs", "duckdb"]) {
        expect(sameForm(deltaRows(table, "--engine", engine))).toEqual(rows);
      }
    });

    test("the content hash in the marker is what other code computes from the rows that delta-rs reads", () => {
      const hashes = python("test/interop/content_hash.py", hostile.table);
      expect(hashes).toEqual([hostile.contentHash, hostile.contentHash]);
      expect(hostile.contentHash).toMatch(/^[0-9a-f]{32}$/);
    });

    test("filters of delta-rs find the same rows with our statistics as without, NaN apart", () => {
      const [filters] = python("test/interop/delta_reader.py", hostile.table, "--prune");
      expect(Number(filters)).toBeGreaterThan(250);
    });

    test("the check of statistics finds each kind of wrong bound and count in each column", async () => {
      const { table } = await written(36, 12);
      const ordered = ["id", "small", "big", "whole", "exact", "real", "text", "day", "at"];
      const nullable = Object.entries(EveryType.columns).filter(
        ([name, { isNullable }]) => isNullable && name !== "part",
      );
      const wrong = [
        ...ordered.flatMap((column) => [`${column} minimum`, `${column} maximum`]),
        ...nullable.map(([column]) => `${column} nulls`),
      ];
      const found = python("test/interop/delta_wrong_statistics.py", table);
      expect(found.toSorted()).toEqual(wrong.map((each) => `${each} found`).toSorted());
      expect(python("test/interop/delta_reader.py", table, "--prune")).toHaveLength(1);
    });
  },
);
