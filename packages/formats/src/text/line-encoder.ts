import type { Batch, Column, Field, Schema } from "@df/core";
import { ByteSink } from "../byte-sink.ts";
import { CellWriter } from "./cell-writer.ts";
import type { TextFormat } from "./text-format.ts";
import { fixedText, writeFixed } from "./fixed-text.ts";
import { textBytesMax, textsOf, writeCsvText } from "./texts.ts";

/** Turns batches of one schema into lines, straight from columns into bytes. */
export interface LineEncoder {
  /** What each file begins with: a header line, or nothing. */
  readonly head: Uint8Array;
  /** Appends a line for each row. */
  encode(batch: Batch, into: ByteSink): void;
}

const encoder = new TextEncoder();

/** The encoder of a format: see README.md for the text of each type. */
export function lineEncoder(format: TextFormat, schema: Schema): LineEncoder {
  if (format.kind === "csv") {
    const cells = schema.fields.map(
      (field, i) => new CellWriter(field, { kind: "csv", before: i === 0 ? "" : "," }),
    );
    const head = format.header ? headerLine(schema.fields) : new Uint8Array(0);
    return encoderOf(head, cells, "\n");
  }
  const cells = schema.fields.map((field, i) => {
    const before = `${i === 0 ? "{" : ","}${JSON.stringify(field.name)}:`;
    return new CellWriter(field, { kind: "json", before });
  });
  return encoderOf(new Uint8Array(0), cells, "}\n");
}

function encoderOf(head: Uint8Array, cells: readonly CellWriter[], lineEnd: string): LineEncoder {
  const end = fixedText(lineEnd);
  const texts = cells.filter(({ isText }) => isText);
  const lineBytesMax = cells.reduce((sum, { bytesMax }) => sum + bytesMax, end.length);
  return {
    head,
    encode: (batch, into) => {
      for (const [i, cell] of cells.entries()) cell.begin(batch.columns[i] as Column);
      for (let row = 0; row < batch.length; row++) {
        let bytesMax = lineBytesMax;
        for (const text of texts) bytesMax += text.textBytesMax(row);
        into.reserve(bytesMax);
        into.length = writeFixed(into.view, writeLine(into.view, into.length, cells, row), end);
      }
    },
  };
}

function writeLine(out: DataView, at: number, cells: readonly CellWriter[], row: number): number {
  for (let i = 0; i < cells.length; i++) at = (cells[i] as CellWriter).write(out, at, row);
  return at;
}

/** The names as fields. */
function headerLine(fields: readonly Field[]): Uint8Array {
  const line = new ByteSink();
  for (const [i, { name }] of fields.entries()) {
    if (i > 0) line.byte(0x2c);
    const bytes = encoder.encode(name);
    line.reserve(textBytesMax(bytes.length));
    const ends = Int32Array.of(bytes.length);
    line.length = writeCsvText(
      line.view,
      line.length,
      textsOf({ starts: new Int32Array(1), ends, bytes }),
      0,
    );
  }
  line.byte(0x0a);
  return line.slice();
}
