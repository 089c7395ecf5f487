/**
 * The `t` kit: row shapes are declared, never inferred from data, and the declaration carries the row's TypeScript
 * type.
 */
import { DataflowError } from "../error.ts";
import type { Json } from "../json.ts";
import { checkOneOf, checkOptions } from "../options.ts";
import type { ColumnType, Schema, TimestampJson } from "./schema.ts";

declare const UNIT: unique symbol;
/**
 * A point in time as a lambda reads it: milliseconds since 1970 UTC, with the microseconds as a fraction (exact from
 * 1692 to 2247). A number, so it can be compared, subtracted and given to `new Date()`; branded, so that another
 * number is not taken for one. What a lambda returns may also be a plain number or a Date.
 */
export type Timestamp = number & { readonly [UNIT]: "ms since 1970" };
/** A calendar date, "YYYY-MM-DD": sorts as text, has no time zone. */
export type DateString = string & { readonly [UNIT]: "YYYY-MM-DD" };
/** An exact decimal in canonical text: "-1.20" for a scale of 2. */
export type Decimal = string & { readonly [UNIT]: "decimal" };

declare const TYPE: unique symbol;
/**
 * A column type. Read: what a lambda gets. Write: what it may return. Optional: whether it may leave the column out.
 */
export interface Type<out Read, in Write = Read, out Optional extends boolean = false> {
  readonly [TYPE]: {
    readonly read: Read;
    readonly write: (value: Write) => void;
    readonly optional: Optional;
  };
  readonly column: ColumnType;
  readonly isNullable: boolean;
  readonly isOptional: boolean;
  /** The value may be null; the input must still have the field. */
  nullable(): Type<Read | null, Write | null, Optional>;
  /** The field may be absent; it is read as null, since a table has one way to be empty. */
  optional(): Type<Read | null, Write | null | undefined, true>;
}

export type Columns = { readonly [column: string]: Type<unknown, never, boolean> };

/** A row type; `columns` can be spread into another: `{ ...Order.columns, total: t.int64() }`. */
export interface RowType<out S extends Columns> {
  readonly columns: S;
  readonly schema: Schema;
}

type Flat<T> = { [P in keyof T]: T[P] } & {};
export type ReadOf<S extends Columns> = { -readonly [P in keyof S]: S[P][typeof TYPE]["read"] } & {};
type OptionalOf<S extends Columns> = {
  [P in keyof S]: S[P][typeof TYPE]["optional"] extends true ? P : never;
}[keyof S];
type WriteCell<C extends Type<unknown, never, boolean>> = Parameters<C[typeof TYPE]["write"]>[0];
export type WriteOf<S extends Columns> = Flat<
  { [P in Exclude<keyof S, OptionalOf<S>>]: WriteCell<S[P]> } & { [P in OptionalOf<S>]?: WriteCell<S[P]> }
>;

/** How a timestamp is written outside of the engine. */
export interface TimestampOptions {
  /** How JSON writes it. Default "iso": ISO 8601 with zone. The others are numbers since 1970 UTC. */
  readonly json?: TimestampJson | undefined;
}

/** The column types, and how they become a row. */
export interface Kit {
  /** @throws DF_SCHEMA for a row without columns */
  row<const S extends Columns>(columns: S): RowType<S>;
  string(): Type<string>;
  bytes(): Type<Uint8Array>;
  bool(): Type<boolean>;
  /** 64 bits, exact. An int64 is a bigint in a lambda. */
  int64(): Type<bigint>;
  /** Stored as int64, read as a number; a value beyond 2^53 is refused and goes to quarantine. */
  int(): Type<number>;
  int32(): Type<number>;
  float64(): Type<number>;
  /** Precision at most 18. @throws DF_SCHEMA otherwise, or when the scale is larger */
  decimal(precision: number, scale: number): Type<Decimal, string | bigint>;
  /** Writes take milliseconds, a Date or a Temporal.Instant. */
  timestamp(
    options?: TimestampOptions,
  ): Type<Timestamp, number | Date | { readonly epochNanoseconds: bigint }>;
  date(): Type<DateString, string>;
  /** Kept as bytes and parsed on use. The type argument is a claim, not a check. */
  json<V = Json>(): Type<V>;
  enum<const V extends readonly [string, ...string[]]>(...values: V): Type<V[number]>;
}

/** What `t.float64()` and the others make. The phantom fact `[TYPE]` exists in types only. */
function type<T>(column: ColumnType, isNullable = false, isOptional = false): T {
  const made = {
    column,
    isNullable,
    isOptional,
    nullable: () => type(column, true, isOptional),
    optional: () => type(column, true, true),
  };
  return made as T;
}

/** The kit: `t.row({ id: t.string(), at: t.timestamp() })`. */
export const t: Kit = {
  row: (columns) => ({ columns, schema: schemaOf(columns) }),
  string: () => type({ kind: "string" }),
  bytes: () => type({ kind: "bytes" }),
  bool: () => type({ kind: "bool" }),
  int64: () => type({ kind: "int64", as: "bigint" }),
  int: () => type({ kind: "int64", as: "number" }),
  int32: () => type({ kind: "int32" }),
  float64: () => type({ kind: "float64" }),
  decimal: (precision, scale) => {
    if (
      !Number.isInteger(precision) ||
      precision < 1 ||
      precision > 18 ||
      !Number.isInteger(scale) ||
      scale < 0 ||
      scale > precision
    ) {
      throw new DataflowError(
        "DF_SCHEMA",
        `decimal(${precision}, ${scale}) is not possible: the precision is 1 to 18, the scale 0 to the precision.`,
      );
    }
    return type({ kind: "decimal", precision, scale });
  },
  timestamp: (options = {}) => {
    checkOptions(options, ["json"], "t.timestamp()");
    const { json = "iso" } = options;
    checkOneOf(json, ["iso", "s", "ms", "us"] satisfies TimestampJson[], "json of t.timestamp()");
    return type({ kind: "timestamp", json });
  },
  date: () => type({ kind: "date" }),
  json: () => type({ kind: "json" }),
  enum: (...values) => type({ kind: "string", values }),
};

// eslint-disable-next-line no-redeclare -- a type beside the kit of the same name: `t.infer<typeof Order>`.
export declare namespace t {
  /** The row that a lambda reads: `type Order = t.infer<typeof Order>`. */
  type infer<R extends RowType<Columns>> = ReadOf<R["columns"]>;
  /** The row that a lambda may return. */
  type input<R extends RowType<Columns>> = WriteOf<R["columns"]>;
}

/**
 * The schema of declared columns, in the order in which they are written.
 * @throws DF_SCHEMA for none, and for what was not made with the kit
 */
export function schemaOf(columns: Columns): Schema {
  const wrong = Object.entries(columns).find(([, type]) => !isType(type));
  if (wrong !== undefined) {
    const [name] = wrong;
    throw new DataflowError(
      "DF_SCHEMA",
      `Column "${name}" has no type of the kit. Call one for it: ${name}: t.string().`,
    );
  }
  const fields = Object.entries(columns).map(([name, { column, isNullable, isOptional }]) => ({
    name,
    type: column,
    nullable: isNullable,
    optional: isOptional,
  }));
  if (fields.length === 0) throw new DataflowError("DF_SCHEMA", "A row needs at least one column.");
  return { fields };
}

/**
 * The schema of a row type that a function was given; `usage` shows the function with a row type called Row.
 * @throws DF_SCHEMA when it is none, as `t.row()` or `fromZod()` make them
 */
export function schemaOfRow(row: RowType<Columns>, usage: string): Schema {
  if (isRowType(row)) return row.schema;
  throw new DataflowError(
    "DF_SCHEMA",
    `${usage} needs a row type: const Row = t.row({ id: t.string() }), or fromZod(z.object({ … })) of "dataflow/zod".`,
  );
}

/** Whether a value is a row type. */
export function isRowType(value: unknown): value is RowType<Columns> {
  if (typeof value !== "object" || value === null || !("schema" in value)) return false;
  return typeof value.schema === "object" && value.schema !== null && "fields" in value.schema;
}

function isType(value: unknown): boolean {
  return typeof value === "object" && value !== null && "column" in value;
}
