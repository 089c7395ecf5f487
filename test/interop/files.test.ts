import { pipeline, t, tumbling } from "dataflow";
import { csvLines, filesSink, jsonLines, type TextFormat } from "dataflow/files";
import { memorySource } from "dataflow/memory";
import { describe, expect, test } from "vitest";
import { missingReaders, python } from "../outside-readers.ts";
import { canonicalLines, sameForm } from "./canonical-lines.ts";
import { delivering, type Delivering } from "./delivering.ts";
import { everyRows, EveryType, type EveryRow } from "./every-type.ts";

/** A directory that grows by some rows of every type in each delivery. */
function growing(log: EveryRow[], format: TextFormat): Delivering {
  return delivering(
    pipeline("directory", { checkpointEvery: "1ms" }, (p) => {
      p.from("log", memorySource(log, EveryType, { bounded: false })).to(
        "out",
        filesSink({ path: "./table", format }),
        { commitEvery: { bytes: 1 } },
      );
    }),
  );
}

/** Python's csv module reads nothing and empty text as the same. */
function withoutEmptyText(row: EveryRow): EveryRow {
  return { ...row, text: row.text ?? "", raw: row.raw ?? new Uint8Array(0), part: row.part ?? "" };
}

const Visit = t.row({ user: t.string(), at: t.timestamp() });
type Visit = t.input<typeof Visit>;
const HOUR_MS = 3_600_000;

/** Visits per user as changes, in three deliveries; every fifth visit hides its user. */
function visits(change: "upsert" | "retract", format: TextFormat): Delivering & { readonly log: Visit[] } {
  const log: Visit[] = [];
  const definition = pipeline("visits", { checkpointEvery: "1ms" }, (p) => {
    const counted = p
      .from("log", memorySource(log, Visit, { bounded: false }), {
        eventTime: "at",
        maxOutOfOrderness: "1h",
      })
      .keyBy("user")
      .window(tumbling("1h"))
      .aggregate("visits", (a) => ({ visits: a.count() }), { emit: "onUpdate" })
      .filter((row) => row.visits % 5 !== 0);
    const [sink, options] = [filesSink({ path: "./table", format }), { commitEvery: { bytes: 1 } }];
    if (change === "upsert") counted.to("out", sink, options);
    else counted.changelog("changes").to("out", sink, options);
  });
  return { log, ...delivering(definition) };
}

/** What is left of the visits, as `files_reader.py` prints it. */
function visitLines(log: readonly Visit[]): string[] {
  const counts = new Map<string, number>();
  for (const { user } of log) counts.set(user, (counts.get(user) ?? 0) + 1);
  const shown = [...counts].filter(([, count]) => count % 5 !== 0);
  const { schema } = t.row({
    user: t.string(),
    windowStart: t.timestamp(),
    windowEnd: t.timestamp(),
    visits: t.int(),
  });
  return canonicalLines(
    schema,
    shown.map(([user, count]) => ({ user, windowStart: 0, windowEnd: HOUR_MS, visits: count })),
  );
}

describe.skipIf(missingReaders !== undefined)(
  `Directory of files${missingReaders === undefined ? "" : ` (${missingReaders})`}`,
  () => {
    test.each([jsonLines(), csvLines()])(
      "Python's modules and DuckDB read the rows that were written, by the manifest and by pattern: $kind",
      async (format) => {
        const log: EveryRow[] = [];
        const { table, deliverEach } = growing(log, format);
        expect(await deliverEach(3, () => log.push(...everyRows(log.length, 70)))).toEqual([1, 2, 3]);
        for (const engine of ["python", "duckdb"]) {
          const isBlind = engine === "python" && format.kind === "csv";
          const expected = canonicalLines(EveryType.schema, isBlind ? log.map(withoutEmptyText) : log);
          expect(expected).toHaveLength(210);
          for (const files of ["manifest", "all"]) {
            const rows = sameForm(
              python("test/interop/files_reader.py", table, "--engine", engine, "--files", files),
            );
            expect({ engine, files, rows }).toEqual({ engine, files, rows: expected });
          }
        }
      },
    );

    test.each([
      ["upsert", jsonLines()],
      ["upsert", csvLines()],
      ["retract", jsonLines()],
      ["retract", csvLines()],
    ] as const)("changes made line by line leave the right rows: %s, %o", async (change, format) => {
      const { log, table, deliverEach } = visits(change, format);
      let draw = 0;
      const names = ["a", "ü,\n", '"', "😀", "e", "f"];
      const more = (): void => {
        for (let i = 0; i < 7; i++, draw += 7) log.push({ user: names[(draw ^ i) % 6] ?? "", at: draw });
      };
      expect(await deliverEach(6, more)).toHaveLength(6);
      const key = change === "upsert" ? "user,windowStart" : "";
      const printed = python("test/interop/files_reader.py", table, "--changes", key);
      const [ofRows, ofChanges, inMarker] = printed.splice(-3);
      expect(sameForm(printed)).toEqual(visitLines(log));
      expect(inMarker).toBe(change === "upsert" ? ofChanges : ofRows);
    });

    test("rows that were staged by a run that died are seen by nobody, and once after the next run", async () => {
      const log: EveryRow[] = [];
      const { table, deliver, deliverEach } = growing(log, jsonLines());
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
        sameForm(python("test/interop/files_reader.py", table, "--files", files));
      expect(read("manifest")).toEqual(canonicalLines(EveryType.schema, log.slice(0, 40)));
      expect(read("all")).toEqual(canonicalLines(EveryType.schema, log.slice(0, 40)));
      await deliver();
      expect(read("manifest")).toEqual(canonicalLines(EveryType.schema, log));
      expect(read("all")).toEqual(canonicalLines(EveryType.schema, log));
    });
  },
);
