/** Value columns that hold rows as canonical bytes. */
import type { ColumnType, DescribedTable, Field, Schema } from "@df/core";
import type { Rewritten } from "@df/core/state/bring";
import { RowRewriter } from "./row-rewriter.ts";

/**
 * Such a column. Its name says what the bytes hold: state that was stored with other columns is brought over, or
 * refused, and never misread.
 */
export function rowsColumn(
  prefix: string,
  { fields }: Schema,
): { readonly name: string; readonly field: Field } {
  const name = `${prefix} ${JSON.stringify(fields.map(({ name: column, type }) => [column, type]))}`;
  return { name, field: { name, type: { kind: "bytes" }, nullable: true, optional: false } };
}

/** The bytes of one value of the column, with each of their rows rewritten. */
type RewriteValue = (bytes: Uint8Array, rows: RowRewriter) => Uint8Array;

/** How the column is made of the one with this prefix that was stored. */
export function rewrittenRows(
  { spec }: DescribedTable,
  prefix: string,
  schema: Schema,
  rewriteValue: RewriteValue = (bytes, rows) => rows.rewrite(bytes),
): Rewritten[] {
  const from = spec.value.find(({ name }) => name.startsWith(`${prefix} [`))?.name;
  const column = rowsColumn(prefix, schema).name;
  if (from === undefined || from === column) return [];
  const rows = new RowRewriter(storedSchema(from.slice(prefix.length + 1)), schema);
  return [{ column, from, rewrite: (bytes) => rewriteValue(bytes, rows) }];
}

/** Of what stands behind the prefix. */
function storedSchema(text: string): Schema {
  const columns = JSON.parse(text) as readonly (readonly [string, ColumnType])[];
  return { fields: columns.map(([name, type]) => ({ name, type, nullable: true, optional: false })) };
}
