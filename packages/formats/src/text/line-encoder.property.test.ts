import { gatherRows, isNull, unreachable } from "@df/core";
import type { Batch, ColumnType, Schema } from "@df/core";
import { decimalText } from "@df/core/batch/cells";
import { rowsOf } from "@df/core/batch/rows";
import { batchArbitrary, schemaArbitrary } from "@df/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteSink } from "../byte-sink.ts";
import { read as readCsv } from "../csv/read.testing.ts";
import { read as readJson } from "../json/read.testing.ts";
import { lineEncoder } from "./line-encoder.ts";
import type { LineEncoder } from "./line-encoder.ts";
import { csvFields, fileBytes, fileText } from "./lines.testing.ts";
import { csvLines, jsonLines } from "./text-format.ts";

const JSON_FORMS = ["iso", "s", "ms", "us"] as const;

/** Random schemas, with points in time in all their forms. */
const schemas: fc.Arbitrary<Schema> = fc
  .tuple(schemaArbitrary, fc.array(fc.constantFrom(...JSON_FORMS), { minLength: 6, maxLength: 6 }))
  .map(([{ fields }, forms]) => ({
    fields: fields.map((field, i) =>
      field.type.kind === "timestamp"
        ? { ...field, type: { kind: "timestamp", json: forms[i] ?? "iso" } }
        : field,
    ),
  }));

const batchesOf = (schema: Schema): fc.Arbitrary<Batch[]> =>
  fc.array(batchArbitrary(schema), { minLength: 1, maxLength: 3 });

/** Whether `json()` can read the value: not NaN and infinities. */
const isFiniteNumber = (value: unknown): boolean => typeof value !== "number" || Number.isFinite(value);
/** Whether the value is no date of a year with more than four digits, which both decoders refuse. */
const isPlain = (value: unknown): boolean =>
  typeof value !== "string" || !/^[+-]\d{6,7}-\d\d-\d\d$/.test(value);

test("json() reads back every row that was written as JSON Lines", () => {
  fc.assert(
    fc.property(
      schemas.chain((schema) => fc.tuple(fc.constant(schema), batchesOf(schema))),
      ([schema, batches]) => {
        const rows = batches.flatMap(rowsOf);
        fc.pre(
          rows.every((row) => Object.values(row).every((cell) => isPlain(cell) && isFiniteNumber(cell))),
        );
        const bytes = fileBytes(jsonLines(), batches);
        expect(readJson({ columns: {}, schema }, bytes)).toEqual({ rows, reasons: [] });
      },
    ),
    { numRuns: 500 },
  );
});

test("csv() reads back every row that was written as CSV, with names and without", () => {
  fc.assert(
    fc.property(
      schemas.chain((schema) => fc.tuple(fc.constant(schema), batchesOf(schema))),
      fc.boolean(),
      ([schema, batches], header) => {
        const rows = batches.flatMap(rowsOf);
        fc.pre(rows.every((row) => Object.values(row).every(isPlain)));
        const bytes = fileBytes(csvLines({ header }), batches);
        expect(readCsv({ columns: {}, schema }, bytes, { header })).toEqual({ rows, reasons: [] });
      },
    ),
    { numRuns: 500 },
  );
});

test("generated code writes the same bytes as the writers of cells one by one", () => {
  fc.assert(
    fc.property(
      schemas.chain((schema) => fc.tuple(fc.constant(schema), batchesOf(schema))),
      fc.constantFrom(csvLines(), jsonLines()),
      ([schema, batches], format) => {
        const generated = lineEncoder(format, schema);
        const interpreted = lineEncoder(format, schema, false);
        // Long enough to be written in several runs.
        const long = batches.map((batch) => repeated(batch, 1500));
        expect(linesOf(generated, long).equals(linesOf(interpreted, long))).toBe(true);
      },
    ),
    { numRuns: 100 },
  );
});

function repeated(batch: Batch, length: number): Batch {
  return gatherRows(
    batch,
    Int32Array.from({ length }, (_, i) => i % batch.length),
    length,
  );
}

function linesOf(lines: LineEncoder, batches: readonly Batch[]): Buffer {
  const into = new ByteSink(0);
  for (const batch of batches) lines.encode(batch, into);
  return Buffer.from(into.slice());
}

test("JSON.parse finds the columns of every line in their order", () => {
  fc.assert(
    fc.property(
      schemas.chain((schema) => fc.tuple(fc.constant(schema), batchesOf(schema))),
      ([{ fields }, batches]) => {
        const lines = fileText(jsonLines(), ...batches).split("\n");
        expect(lines.pop()).toBe("");
        expect(lines).toHaveLength(batches.reduce((sum, { length }) => sum + length, 0));
        // Names that are numbers come first in any object of JavaScript.
        const names = fields.map(({ name }) => name).toSorted();
        for (const line of lines) expect(Object.keys(JSON.parse(line) as object).toSorted()).toEqual(names);
      },
    ),
    { numRuns: 200 },
  );
});

test("CSV has the text of every value, whatever batches the rows come in", () => {
  fc.assert(
    fc.property(
      schemas.chain((schema) => fc.tuple(fc.constant(schema), batchesOf(schema))),
      ([schema, batches]) => {
        const [head, ...lines] = csvFields(fileText(csvLines(), ...batches));
        expect(head).toEqual(schema.fields.map(({ name }) => name));
        expect(lines).toEqual(batches.flatMap((batch) => naiveLines(schema, batch)));
      },
    ),
    { numRuns: 500 },
  );
});

function naiveLines({ fields }: Schema, batch: Batch): (string | null)[][] {
  return Array.from({ length: batch.length }, (_, row) =>
    fields.map(({ name, type }, i) => {
      const column = batch.columns[i];
      if (column === undefined || isNull(column, row)) return null;
      const raw =
        column.layout === "text"
          ? column.bytes.slice(column.starts[row], column.ends[row])
          : column.values[row];
      return naiveText(type, raw ?? 0, rowsOf(batch)[row]?.[name]);
    }),
  );
}

/** The text of a value, from the column's own number or from what a lambda reads. */
function naiveText(type: ColumnType, raw: number | bigint | Uint8Array, value: unknown): string {
  if (raw instanceof Uint8Array) {
    return Buffer.from(raw).toString(type.kind === "bytes" ? "base64" : "utf8");
  }
  switch (type.kind) {
    case "decimal":
      return decimalText(raw, type.scale);
    case "timestamp": {
      if (type.json !== "iso") {
        return decimalText(raw, { s: 6, ms: 3, us: 0 }[type.json])
          .replace(/(\.\d*?)0+$/, "$1")
          .replace(/\.$/, "");
      }
      const seconds = Math.floor(Number(raw) / 1e6);
      const fraction = String(Number(raw) - seconds * 1e6).padStart(6, "0");
      const text = new Date(seconds * 1000).toISOString().slice(0, 19);
      return `${text}.${fraction}Z`.replace(/(\.000)?000Z$/, "Z").replace(/\.Z$/, "Z");
    }
    case "float64":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bool":
    case "int32":
    case "int64":
    case "date":
    case "string":
    case "bytes":
    case "json":
      return String(value);
    default:
      return unreachable(type);
  }
}
