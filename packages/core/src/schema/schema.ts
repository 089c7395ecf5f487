import { DataflowError } from "../error.ts";

/** How a point in time is written in JSON: ISO 8601 with zone, or a number since 1970 UTC. */
export type TimestampJson = "iso" | "s" | "ms" | "us";

/** The type of a column, exact in every lake format. */
export type ColumnType =
  | { readonly kind: "bool" }
  | { readonly kind: "int32" }
  /** `as`: what a lambda reads. "number" refuses values beyond 2^53. */
  | { readonly kind: "int64"; readonly as: "bigint" | "number" }
  | { readonly kind: "float64" }
  /** Precision at most 18: the unscaled value fits 64 bits. */
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  /** `values`: the only ones allowed, if named (`t.enum`). */
  | { readonly kind: "string"; readonly values?: readonly string[] }
  | { readonly kind: "bytes" }
  /** Microseconds since 1970 UTC, within ±2^53. */
  | { readonly kind: "timestamp"; readonly json: TimestampJson }
  /** Days since 1970. */
  | { readonly kind: "date" }
  /** JSON text, kept as bytes and parsed on use. */
  | { readonly kind: "json" };

/** A column of a row: name, type, and whether it may be empty. */
export interface Field {
  readonly name: string;
  readonly type: ColumnType;
  /** The value may be null. */
  readonly nullable: boolean;
  /** The field may be absent from the input; it is then null. Implies `nullable`. */
  readonly optional: boolean;
}

/** What rows must be beyond the types of their columns. */
export interface RowCheck {
  /** The columns it reads. */
  readonly columns: readonly string[] | "all";
  /**
   * Why a row, as a lambda reads it, is refused; undefined if it is not. Another throw than DF_VALIDATOR refuses the
   * row, too.
   * @throws DF_VALIDATOR for a check that cannot be one, which ends the run
   */
  readonly fault: (row: Record<string, unknown>) => string | undefined;
}

/** The columns of a row, in the order in which a table shows them. */
export interface Schema {
  readonly fields: readonly Field[];
  /** Of declared rows only: who makes such rows from others has them checked in a step of its own. */
  readonly check?: RowCheck | undefined;
}

/**
 * Index of a column.
 * @throws DF_NO_COLUMN naming the columns there are.
 */
export function columnIndex(schema: Schema, name: string): number {
  const index = schema.fields.findIndex((field) => field.name === name);
  if (index < 0) {
    const names = schema.fields.map((field) => field.name).join(", ");
    throw new DataflowError("DF_NO_COLUMN", `There is no column "${name}". The columns are: ${names}.`);
  }
  return index;
}

/** The field of a name; @throws DF_NO_COLUMN */
export function fieldOf(schema: Schema, name: string): Field {
  return schema.fields[columnIndex(schema, name)] as Field;
}

/** The schema of some of the columns, in the order of `names`. */
export function pick(schema: Schema, names: readonly string[]): Schema {
  return { fields: names.map((name) => fieldOf(schema, name)) };
}

/** A column as fingerprints have it: `cents int64`, with `?` where null is allowed. */
export function columnText({ name, type, nullable }: Field): string {
  return `${name} ${typeName(type)}${nullable ? "?" : ""}`;
}

/** The type in words: `decimal(18,2)`, `int64`. */
export function typeName(type: ColumnType): string {
  return type.kind === "decimal" ? `decimal(${type.precision},${type.scale})` : type.kind;
}

/** Whether two columns hold the same values in a table: how they are read or written as JSON does not count. */
export function sameType(a: ColumnType, b: ColumnType): boolean {
  return typeName(a) === typeName(b);
}
