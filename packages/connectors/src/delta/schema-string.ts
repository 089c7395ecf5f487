/** Schemas as Delta writes them, and whether a table can take our rows. */
import { DataflowError, typeName, unreachable } from "@df/core";
import type { ColumnType, Schema, Shape } from "@df/core";

/** A column of a Delta table. */
export interface DeltaField {
  readonly name: string;
  /** "long", "decimal(18,2)"; nested types are objects. */
  readonly type: unknown;
  readonly nullable: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The Delta type that holds a column exactly. JSON is kept as text. */
export function deltaType(type: ColumnType): string {
  switch (type.kind) {
    case "bool":
      return "boolean";
    case "int32":
      return "integer";
    case "int64":
      return "long";
    case "float64":
      return "double";
    case "decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "string":
    case "json":
      return "string";
    case "bytes":
      return "binary";
    case "timestamp":
      return "timestamp";
    case "date":
      return "date";
    default:
      return unreachable(type);
  }
}

/** The `schemaString` of a table. */
export function schemaString(schema: Schema): string {
  const fields = schema.fields.map(({ name, type, nullable }): DeltaField => {
    return { name, type: deltaType(type), nullable, metadata: {} };
  });
  return JSON.stringify({ type: "struct", fields });
}

/** The columns of a `schemaString`. @throws DF_DELTA_LOG when it is none */
export function parseSchemaString(text: string): readonly DeltaField[] {
  const parsed = JSON.parse(text) as { readonly fields?: readonly DeltaField[] };
  if (!Array.isArray(parsed.fields))
    throw new DataflowError("DF_DELTA_LOG", "The table's schemaString has no fields.");
  return parsed.fields.map((field: DeltaField) => ({ ...field, metadata: field.metadata ?? {} }));
}

/** Field metadata that asks for more than writing the values: checks, generated values, other names in the files. */
const DEMANDING = /^(delta\.(invariants|generationExpression|identity\.|columnMapping\.)|CURRENT_DEFAULT$)/;

/**
 * Checks that a table can take rows of a shape.
 * @throws DF_SCHEMA_TYPE for another type, DF_SCHEMA_NULL where null would not fit, DF_SCHEMA_COLUMN for a column that
 * only one side has, DF_SINK_UNSUPPORTED for generated columns and the like
 */
export function checkColumns(table: readonly DeltaField[], input: Shape, sink: string): void {
  const byName = new Map(table.map((field) => [field.name, field]));
  for (const field of input.schema.fields) {
    const there = byName.get(field.name);
    if (there === undefined) {
      throw new DataflowError(
        "DF_SCHEMA_COLUMN",
        `Sink "${sink}" has a column "${field.name}", the table has none of that name; it has ` +
          `${[...byName.keys()].join(", ")}. Add it to the table as ${deltaType(field.type)}, or leave it out with .select().`,
      );
    }
    if (there.type !== deltaType(field.type)) {
      throw new DataflowError(
        "DF_SCHEMA_TYPE",
        `Column "${field.name}" of sink "${sink}" is ${typeName(field.type)} (${deltaType(field.type)} in Delta), ` +
          `the table has ${typeof there.type === "string" ? there.type : JSON.stringify(there.type)}. ` +
          "Convert it with .map(), or write to another table.",
      );
    }
    if (field.nullable && !there.nullable) {
      throw new DataflowError(
        "DF_SCHEMA_NULL",
        `Column "${field.name}" of sink "${sink}" may be null, in the table it may not. ` +
          "Remove the nulls with .notNull(), or let the table's column be null.",
      );
    }
  }
  for (const field of table) checkDemands(field, input, sink);
}

function checkDemands(field: DeltaField, input: Shape, sink: string): void {
  const demand = Object.keys(field.metadata).find((name) => DEMANDING.test(name));
  if (demand !== undefined) {
    throw new DataflowError(
      "DF_SINK_UNSUPPORTED",
      `Column "${field.name}" of the table of sink "${sink}" has "${demand}", which this writer cannot honour. ` +
        "Write to a table without it.",
    );
  }
  if (input.schema.fields.some(({ name }) => name === field.name)) return;
  if (!field.nullable || input.change !== "append") {
    throw new DataflowError(
      "DF_SCHEMA_COLUMN",
      `The table of sink "${sink}" has a column "${field.name}" that the sink does not write, and ` +
        (field.nullable ? "a replaced row would lose its value there." : "it may not be null.") +
        " Write the column too, or drop it from the table.",
    );
  }
}

// eslint-disable-next-line no-control-regex -- tab and newline are what Delta refuses
const REFUSED = /[ ,;{}()\n\t=]/;

/**
 * Checks that a table can have these columns at all.
 * @throws DF_SINK_COLUMN for a name that Delta does not take
 */
export function checkNames(schema: Schema): void {
  const seen = new Map<string, string>();
  for (const { name } of schema.fields) {
    if (name === "" || REFUSED.test(name)) {
      throw new DataflowError(
        "DF_SINK_COLUMN",
        `A Delta table cannot have a column named ${JSON.stringify(name)}: blanks and any of ,;{}()= are not possible. ` +
          "Rename it with .map().",
      );
    }
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) {
      throw new DataflowError(
        "DF_SINK_COLUMN",
        `The columns "${other}" and "${name}" differ by case only, which Delta cannot tell apart. Rename one with .map().`,
      );
    }
    seen.set(name.toLowerCase(), name);
  }
}
