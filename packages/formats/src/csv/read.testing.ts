/** Reads a whole text as CSV at once, for tests. */
import type { Columns, RowType, Schema } from "@df/core";
import { t } from "@df/core";
import { rowsOf } from "@df/core/batch/rows";
import type { DecodedLines, OpenLineDecoder } from "../decoder.ts";
import { csv } from "./csv.ts";
import type { CsvOptions } from "./csv.ts";

/** What a decoder makes of a text. */
export interface Read {
  readonly rows: Record<string, unknown>[];
  readonly reasons: string[];
}

/** A decoder that has read the head, and how long that is. */
export function opened(
  row: RowType<Columns>,
  bytes: Uint8Array,
  options: CsvOptions & { readonly columns?: Schema } = {},
): { readonly decoder: OpenLineDecoder; readonly first: number } {
  const { columns = row.schema, ...rest } = options;
  const decoder = csv(row, rest).open(columns, true);
  return { decoder, first: decoder.head?.(bytes, true) ?? bytes.length };
}

/** What a decoder makes of the text behind its head, reading the columns of `columns`. */
export function decode(
  row: RowType<Columns>,
  content: string | Uint8Array,
  options: CsvOptions & { readonly columns?: Schema } = {},
): DecodedLines {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const { decoder, first } = opened(row, bytes, options);
  return decoder.decode(bytes.subarray(first), first, true, 4096);
}

/** The rows as plain objects, and why the other records were refused. */
export function read(
  row: RowType<Columns>,
  content: string | Uint8Array,
  options: CsvOptions & { readonly columns?: Schema } = {},
): Read {
  const { length, columns, invalid } = decode(row, content, options);
  return { rows: rowsFrom(options.columns ?? row.schema, { length, columns }), reasons: reasonsOf(invalid) };
}

/** The rows of what was decoded as plain objects. */
export function rowsFrom(
  schema: Schema,
  { length, columns }: Pick<DecodedLines, "length" | "columns">,
): Record<string, unknown>[] {
  const times = new Float64Array(length);
  return rowsOf({ schema, length, columns, change: "append", times, clocks: -Infinity });
}

/** The value of the field between two others, or the reason for which it was refused. */
export function value(type: Columns[string], text: string, options: CsvOptions = {}): unknown {
  const comma = options.delimiter ?? ",";
  const Row = t.row({ a: t.int32(), v: type, b: t.int32() });
  const { rows, reasons } = read(Row, `1${comma}${text}${comma}2\n`, { header: false, ...options });
  return rows.length === 1 ? rows[0]?.["v"] : reasons[0];
}

function reasonsOf(invalid: DecodedLines["invalid"]): string[] {
  return invalid.map(({ reason }) => reason);
}
