/** A decoder with a kernel and its twin without, for tests. */
import type { Column, Schema } from "@df/core";
import { rowsFrom } from "./read.testing.ts";
import type { DecodedLines, OpenLineDecoder } from "../decoder.ts";
import { CsvKernels } from "./kernel.ts";
import { CsvRecords } from "./records.ts";

/** A record that is refused, and long enough for a kernel of eight fields to be made. */
const LESSON = new TextEncoder().encode(`${"x".repeat(128 * 1024)}\n`);

/** What a decoder is made for. */
export interface Opening {
  readonly schema: Schema;
  readonly columns: Schema;
  readonly header: boolean;
  readonly delimiter: string;
  readonly quote: string;
  readonly nulls: string;
  readonly recordBytesMax: number;
}

/** Makes decoders of one source that have read the head of `bytes`, with a kernel or without. */
export function opener(
  opening: Opening,
  hasKernel: boolean,
): (bytes: Uint8Array) => { readonly decoder: OpenLineDecoder; readonly first: number | undefined } {
  const { columns, delimiter, quote, ...rest } = opening;
  const dialect = { delimiter: delimiter.charCodeAt(0), quote: quote.charCodeAt(0) };
  const kernels = hasKernel ? CsvKernels.open({ columns, dialect, ...rest }) : undefined;
  return (bytes) => {
    const decoder = new CsvRecords(columns, { ...rest, dialect, kernels });
    const first = decoder.head(bytes, true);
    if (first !== undefined) decoder.decode(LESSON, 0, false, 1);
    if (first !== undefined && hasKernel && kernels?.calls === undefined)
      throw new Error("There is no kernel.");
    return { decoder, first };
  };
}

/** All that a decoder tells, as plain values that can be compared. */
export function told(schema: Schema, decoded: DecodedLines): unknown {
  const { length, columns, positions, raw, invalid, consumed, cut, inside } = decoded;
  const raws = Array.from({ length }, (_, row) => [
    raw.starts[row],
    Buffer.from(raw.bytes.subarray(raw.starts[row], raw.ends[row])).toString("latin1"),
  ]);
  return {
    rows: rowsFrom(schema, decoded),
    shapes: columns.map((column) => shapeOf(column, length)),
    positions: [...positions.subarray(0, length)],
    raws,
    invalid: invalid.map(({ position, raw: bytes, reason }) => [
      position,
      Buffer.from(bytes).toString("latin1"),
      reason,
    ]),
    consumed,
    cut,
    inside,
  };
}

/** What of a column's layout is seen from outside besides its values. */
function shapeOf(column: Column, length: number): unknown {
  const { layout, validity } = column;
  const isWide = layout === "long" && column.values instanceof BigInt64Array;
  return [layout, isWide, validity === undefined ? undefined : [...validity.subarray(0, length)]];
}
