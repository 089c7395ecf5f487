/**
 * Measures how long packed columns take to become a Parquet file: by our encoder, by hyparquet-writer through
 * JavaScript values, and by pyarrow, which writes the same columns from its own memory.
 *
 *     node bench/parquet/encode.ts [SHAPE]
 *
 * Each measurement runs in a process of its own, the three in turn, and counts the CPU time of the whole process for
 * the first file and for those after it. Prints nanoseconds of CPU a row, the best of three, the size of the file, and
 * by how much memory grew over what the columns take, where it is ours.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ColumnBuilder, t } from "@df/core";
import type { Schema } from "@df/core";
import { encodeFile, ENCODE_LIMITS } from "@df/formats/parquet/encode-file";
import { hyparquetFile } from "@df/formats/parquet/hyparquet-file.testing";
import type { PackedRows } from "@df/formats/parquet/pack";
import { readersPython } from "../../scripts/readers.ts";

const ROWS = 2 * ENCODE_LIMITS.rowGroupRows;
const PASSES = 6;
const ROUNDS = 3;
const WRITERS = ["ours", "hyparquet-writer", "pyarrow"] as const;
const START_MICROS = 1_700_000_000_000_000;

/** The columns of a shape, and row `i` of it: numbers as the columns hold them. */
interface Shape {
  readonly schema: Schema;
  readonly row: (i: number, random: number, text: string) => readonly (number | string | null)[];
}

const SHAPES: Readonly<Record<string, Shape>> = {
  windows: {
    schema: t.row({
      start: t.timestamp(),
      end: t.timestamp(),
      auction: t.int(),
      count: t.int(),
      average: t.float64(),
      currency: t.string(),
    }).schema,
    row: (i, random) => {
      const start = START_MICROS + Math.floor(i / 5000) * 10_000_000;
      const currency = ["EUR", "USD", "GBP", "JPY"][random % 4] ?? "";
      return [start, start + 10_000_000, 1000 + (i % 5000), random % 300, (random % 100_003) / 7, currency];
    },
  },
  mixed: {
    schema: t.row({
      id: t.int(),
      at: t.timestamp(),
      price: t.decimal(12, 2),
      mag: t.float64().nullable(),
      place: t.string().nullable(),
      flag: t.bool(),
    }).schema,
    row: (i, random, text) => [
      i,
      START_MICROS + i * 1000 + (random % 1000),
      random % 1_000_000,
      random % 3 === 0 ? null : random / 1e6,
      random % 5 === 0 ? null : `${random % 300} km of ${text}`,
      random % 2,
    ],
  },
  bronze: {
    schema: t.row({
      type: t.string(),
      eid: t.int(),
      auction: t.int(),
      bidder: t.int(),
      price: t.int(),
      channel: t.string(),
      url: t.string(),
      dateTime: t.timestamp(),
      extra: t.string(),
    }).schema,
    row: (i, random, text) => [
      "bid",
      i,
      1000 + (random % 5000),
      1000 + (random % 9000),
      100 + (random % 10 ** (2 + (i % 7))),
      `channel-${random % 10_000}`,
      `https://www.nexmark.com/${text}/${text}/item.htm?query=1&channel_id=${random % 1_000_000}`,
      START_MICROS + i * 1000,
      (text + text).repeat(3 + (i % 3)),
    ],
  },
};

function packedRows({ schema, row }: Shape): PackedRows {
  const builders = schema.fields.map(({ type }) => new ColumnBuilder(type, ROWS));
  for (let i = 0; i < ROWS; i++) {
    const mixed = Math.imul(i ^ (i >>> 3), 0x9e3779b1);
    const random = (mixed ^ (mixed >>> 15)) >>> 0;
    for (const [k, cell] of row(i, random, random.toString(36)).entries()) {
      if (cell === null) builders[k]?.null();
      else if (typeof cell === "string") builders[k]?.string(cell);
      else builders[k]?.number(cell);
    }
  }
  return { rows: ROWS, columns: builders.map((builder) => builder.take()) };
}

/** Nanoseconds a row of the first file and of the others, bytes of the file, megabytes of memory. */
type Measured = readonly [first: number, then: number, bytes: number, megabytes: number];

function encodeBy(writer: string, schema: Schema, packed: PackedRows): Uint8Array {
  return writer === "ours" ? encodeFile(schema, packed).bytes : hyparquetFile(schema, packed);
}

/** Measures a writer in JavaScript in this process. */
function measure(shape: Shape, writer: string): Measured {
  const packed = packedRows(shape);
  const before = process.resourceUsage().maxRSS;
  const started = process.cpuUsage();
  const { length } = encodeBy(writer, shape.schema, packed);
  const first = process.cpuUsage(started);
  const warm = process.cpuUsage();
  for (let i = 1; i < PASSES; i++) encodeBy(writer, shape.schema, packed);
  const rest = process.cpuUsage(warm);
  const nanos = (used: NodeJS.CpuUsage, passes: number): number =>
    ((used.user + used.system) * 1000) / ROWS / passes;
  const grown = (process.resourceUsage().maxRSS - before) / 1024;
  return [nanos(first, 1), nanos(rest, PASSES - 1), length, grown];
}

function measurePyarrow(file: string): Measured {
  const found = readersPython();
  if ("missing" in found) return [Number.NaN, Number.NaN, Number.NaN, Number.NaN];
  const script = join(import.meta.dirname, "pyarrow_encode.py");
  const given = ["-B", script, file, String(PASSES), String(ENCODE_LIMITS.rowGroupRows)];
  const output = execFileSync(found.python, given, { encoding: "utf8" });
  const [first = 0, then = 0, bytes = 0] = JSON.parse(output) as number[];
  return [(first * 1e9) / ROWS, (then * 1e9) / ROWS, bytes, Number.NaN];
}

function measureApart(name: string, writer: string, file: string): Measured {
  if (writer === "pyarrow") return measurePyarrow(file);
  const output = execFileSync(process.execPath, [import.meta.filename, name, writer], { encoding: "utf8" });
  return JSON.parse(output) as Measured;
}

function printTable(only: string | undefined): void {
  const folder = mkdtempSync(join(tmpdir(), "parquet-encode-"));
  console.log(`${ROWS} rows; ns of CPU a row`);
  console.log(["shape   ", "writer".padEnd(16), "  first", "   then", "     MB", " memory MB"].join(" "));
  for (const [name, shape] of Object.entries(SHAPES)) {
    if (only !== undefined && only !== name) continue;
    const file = join(folder, `${name}.parquet`);
    writeFileSync(file, encodeFile(shape.schema, packedRows(shape)).bytes);
    const rounds = Array.from({ length: ROUNDS }, () =>
      WRITERS.map((writer) => measureApart(name, writer, file)),
    );
    for (const [w, writer] of WRITERS.entries()) {
      const least = (k: number): number => Math.min(...rounds.map((round) => round[w]?.[k] ?? Number.NaN));
      const cells = [
        least(0).toFixed(0).padStart(7),
        least(1).toFixed(0).padStart(7),
        (least(2) / 1e6).toFixed(2).padStart(7),
        (writer === "pyarrow" ? "" : least(3).toFixed(0)).padStart(10),
      ];
      console.log([name.padEnd(8), writer.padEnd(16), ...cells].join(" "));
    }
  }
  rmSync(folder, { recursive: true });
}

const [name, writer] = process.argv.slice(2);
const shape = SHAPES[name ?? ""];
if (shape !== undefined && writer !== undefined) console.log(JSON.stringify(measure(shape, writer)));
else printTable(name);
