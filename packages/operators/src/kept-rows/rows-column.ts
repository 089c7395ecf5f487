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

/** Makes the bytes of a row those of a row of now: a view, valid until the next call. */
export interface RewritesRows {
  rewrite(bytes: Uint8Array): Uint8Array;
}

/** What is done to the rows of such a column. */
export interface Rewriting {
  /** The bytes of one value, with each of their rows rewritten. Default: they are those of one row. */
  readonly value?: ((bytes: Uint8Array, rows: RewritesRows) => Uint8Array) | undefined;
  /** How rows with the columns of before become those of now. Default: by name. */
  readonly rows?: ((was: Schema) => RewritesRows) | undefined;
}

/** How the column is made of the one with this prefix that was stored. */
export function rewrittenRows(
  { spec }: DescribedTable,
  prefix: string,
  schema: Schema,
  { value = (bytes, rows) => rows.rewrite(bytes), rows }: Rewriting = {},
): Rewritten[] {
  const from = spec.value.find(({ name }) => name.startsWith(`${prefix} [`))?.name;
  const column = rowsColumn(prefix, schema).name;
  if (from === undefined || (from === column && rows === undefined)) return [];
  const was = storedSchema(from.slice(prefix.length + 1));
  const rewriting = rows?.(was) ?? new RowRewriter(was, schema);
  return [{ column, from, rewrite: (bytes) => value(bytes, rewriting) }];
}

/** Of what stands behind the prefix. */
function storedSchema(text: string): Schema {
  const columns = JSON.parse(text) as readonly (readonly [string, ColumnType])[];
  return { fields: columns.map(([name, type]) => ({ name, type, nullable: true, optional: false })) };
}
