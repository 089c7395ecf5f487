/** What the layout lines of a chunk say of the table that it was stored of: see table-layout.ts. */
import { present } from "../assert.ts";
import type { ColumnType, Field } from "../schema/schema.ts";
import type { TableSpec, ValueColumn } from "./state-store.ts";

/** Types by their names, as far as values are stored; how they are read from JSON or by a lambda is not. */
const TYPES: Readonly<Record<string, ColumnType>> = {
  bool: { kind: "bool" },
  int32: { kind: "int32" },
  int64: { kind: "int64", as: "bigint" },
  float64: { kind: "float64" },
  string: { kind: "string" },
  bytes: { kind: "bytes" },
  timestamp: { kind: "timestamp", json: "iso" },
  date: { kind: "date" },
  json: { kind: "json" },
};

/** The type that `typeName` gives a name. */
function typeNamed(name: string): ColumnType {
  const [, precision, scale] = /^decimal\((\d+),(\d+)\)$/.exec(name) ?? [];
  if (precision !== undefined) return { kind: "decimal", precision: Number(precision), scale: Number(scale) };
  return present(TYPES[name], `the type ${name}`);
}

/** The columns of a table, from the lines of its layout. */
export function storedSpec([panes, ...lines]: readonly string[]): TableSpec {
  const of = (kind: string): string[] =>
    lines.filter((line) => line.startsWith(kind)).map((line) => line.slice(kind.length));
  return {
    key: { fields: of("key ").map(keyField) },
    value: of("value ").map(valueColumn),
    panes: panes === "panes",
  };
}

function keyField(line: string): Field {
  const { name, what } = parts(line);
  const nullable = what.endsWith(" or null");
  const type = typeNamed(nullable ? what.slice(0, -" or null".length) : what);
  return { name, type, nullable, optional: false };
}

function valueColumn(line: string): ValueColumn {
  const { name, what } = parts(line);
  if (what.endsWith(" words")) return { name, words: Number.parseInt(what, 10) };
  return { name, field: { name, type: typeNamed(what), nullable: true, optional: false } };
}

/** The name is JSON and may hold anything; what stands behind it has no quotation mark. */
function parts(line: string): { readonly name: string; readonly what: string } {
  const end = line.lastIndexOf('"') + 1;
  return { name: JSON.parse(line.slice(0, end)) as string, what: line.slice(end + 1) };
}
