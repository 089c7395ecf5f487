/** Reads a whole text as JSON Lines at once, for tests. */
import type { Columns, RowType, Schema } from "@df/core";
import { t } from "@df/core";
import { rowsOf } from "@df/core/batch/rows";
import type { DecodedLines } from "../decoder.ts";
import { json } from "./json.ts";

/** What a decoder makes of the text, reading the columns of `columns`. */
export function decode(
  row: RowType<Columns>,
  content: string | Uint8Array,
  columns: Schema = row.schema,
): DecodedLines {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return json(row).open(columns, true).decode(bytes, 0, true, 4096);
}

/** The rows as plain objects, and why the other records were refused. */
export function read(
  row: RowType<Columns>,
  content: string | Uint8Array,
  schema: Schema = row.schema,
): { readonly rows: Record<string, unknown>[]; readonly reasons: string[] } {
  const { length, columns, invalid } = decode(row, content, schema);
  const times = new Float64Array(length);
  return {
    rows: rowsOf({ schema, length, columns, change: "append", times, clocks: -Infinity }),
    reasons: invalid.map(({ reason }) => reason),
  };
}

/** The value of the only column, or the reason for which it was refused. */
export function value(type: Columns[string], text: string): unknown {
  const { rows, reasons } = read(t.row({ v: type }), `{"v":${text}}`);
  return rows.length === 1 ? rows[0]?.["v"] : reasons[0];
}
