import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { memoryTarget } from "@df/connectors/memory/target";
import { beforePolls } from "@df/testing";
import { pipeline, t, tumbling } from "dataflow";
import { files } from "dataflow/files";
import { json } from "dataflow/json";
import { memorySink } from "dataflow/memory";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { outcomesOf, runInMemory } from "../in-memory.ts";

const FILES = 150;
const ROWS = 40;
const Row = t.row({ id: t.string(), at: t.timestamp({ json: "ms" }) });
const packings = [(bytes: Buffer) => bytes, gzipSync, zstdCompressSync] as const;

test.each([1, 3])(
  "of many files a few are open at once, and every row is read once, at parallelism %i",
  async (parallelism) => {
    const folder = newFolder("many");
    for (let file = 0; file < FILES; file++) {
      const lines = Array.from({ length: ROWS }, (_, n) =>
        JSON.stringify({ id: `${file}-${n}`, at: n * 60_000 }),
      );
      const pack = packings[file % packings.length] as (bytes: Buffer) => Buffer;
      writeFileSync(join(folder, `${file}.jsonl`), pack(Buffer.from(`${lines.join("\n")}\n`)));
    }
    const name = `many-${parallelism}`;
    let openMost = 0;
    const look = (): void => {
      // Where the system does not tell, nothing is asserted.
      if (process.platform === "linux")
        openMost = Math.max(openMost, readdirSync("/proc/self/fd").length - before);
    };
    const before = process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0;
    const source = beforePolls(files({ path: join(folder, "*.jsonl"), decode: json(Row) }), look);
    const definition = pipeline("many", { batchRows: 7 }, (p) => {
      const rows = p.from("rows", source, { eventTime: "at", maxOutOfOrderness: "0s" });
      rows.to("all", memorySink(name));
      rows
        .keyBy("at")
        .window(tumbling("10m"))
        .aggregate("spans", (a) => ({ rows: a.count() }))
        .to("spans-out", memorySink(`${name}-spans`));
    });
    const report = await runInMemory(definition, { parallelism });
    expect(outcomesOf(report, "spans")).toMatchObject({ folded: FILES * ROWS, late: 0 });
    const ids = memoryTarget(name).changes.map(({ row }) => String(row["id"]));
    expect(new Set(ids).size).toBe(FILES * ROWS);
    expect(ids).toHaveLength(FILES * ROWS);
    expect(openMost).toBeLessThan(64 + 24);
  },
);
