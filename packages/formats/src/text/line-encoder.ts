import type { Batch, Column, Field, Schema, TextColumn } from "@df/core";
import { ByteSink } from "../byte-sink.ts";
import { planCell } from "./cell-plan.ts";
import type { CellPlan } from "./cell-plan.ts";
import { CellWriter } from "./cell-writer.ts";
import { fixedText, writeFixed } from "./fixed-text.ts";
import type { FixedText } from "./fixed-text.ts";
import { compileLines } from "./line-code.ts";
import type { WriteLines } from "./line-code.ts";
import type { TextFormat } from "./text-format.ts";
import { textBytesMax, textsOf, writeCsvText } from "./texts.ts";

/** Turns batches of one schema into lines, straight from columns into bytes. */
export interface LineEncoder {
  /** What each file begins with: a header line, or nothing. */
  readonly head: Uint8Array;
  /** Appends a line for each row. */
  encode(batch: Batch, into: ByteSink): void;
}

const encoder = new TextEncoder();

/** Bytes that are made room for at once, unless a line may need more. */
const ROOM_BYTES = 64 * 1024;

/** Rows after which code is made for a schema: for fewer it takes longer than what it saves. */
const CODE_AFTER_ROWS = 64;

/** The encoder of a format: see README.md for the text of each type. Without `generated` it makes no code for itself. */
export function lineEncoder(format: TextFormat, schema: Schema, generated = true): LineEncoder {
  if (format.kind === "csv") {
    const plans = schema.fields.map((field, i) =>
      planCell(field, { kind: "csv", before: i === 0 ? "" : "," }),
    );
    const head = format.header ? headerLine(schema.fields) : new Uint8Array(0);
    return { head, encode: encoderOf(plans, fixedText("\n"), generated) };
  }
  const plans = schema.fields.map((field, i) => {
    const before = `${i === 0 ? "{" : ","}${JSON.stringify(field.name)}:`;
    return planCell(field, { kind: "json", before });
  });
  return { head: new Uint8Array(0), encode: encoderOf(plans, fixedText("}\n"), generated) };
}

function encoderOf(
  plans: readonly CellPlan[],
  end: FixedText,
  generated: boolean,
): (batch: Batch, into: ByteSink) => void {
  const writers = plans.map((plan) => new CellWriter(plan));
  let write = writeLines(writers, end);
  let rows = generated ? 0 : -Infinity;
  const lineBytesMax = plans.reduce((sum, { bytesMax }) => sum + bytesMax, end.length);
  return ({ columns, length }, into) => {
    rows += length;
    if (rows > CODE_AFTER_ROWS) {
      write = compileLines(plans, writers, end) ?? write;
      rows = -Infinity;
    }
    for (const [i, writer] of writers.entries()) writer.begin(columns[i] as Column);
    const texts = columns.filter((column) => column.layout === "text");
    for (let from = 0; from < length;) {
      let to = from;
      let room = 0;
      do {
        room += lineBytesMax;
        for (let i = 0; i < texts.length; i++) room += cellTextBytesMax(texts[i] as TextColumn, to);
        to++;
      } while (to < length && room < ROOM_BYTES);
      into.reserve(room);
      into.length = write(columns, into.view, into.length, { from, to });
      from = to;
    }
  };
}

function cellTextBytesMax({ starts, ends }: TextColumn, row: number): number {
  return textBytesMax((ends[row] as number) - (starts[row] as number));
}

/** What `compileLines` makes, cell by cell. */
function writeLines(writers: readonly CellWriter[], end: FixedText): WriteLines {
  return (_columns, out, at, { from, to }) => {
    for (let row = from; row < to; row++) {
      for (let i = 0; i < writers.length; i++) at = (writers[i] as CellWriter).write(out, at, row);
      at = writeFixed(out, at, end);
    }
    return at;
  };
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
