/** Column expressions as plain data: they can be stored, compared and moved to another engine. */
import type { ColumnType } from "@df/core";

export type Expression =
  | { readonly kind: "column"; readonly name: string }
  | Literal
  | {
      readonly kind: "arithmetic";
      readonly op: Arithmetic;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: "abs"; readonly of: Expression }
  | {
      readonly kind: "compare";
      readonly op: Comparison;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "not"; readonly of: Expression }
  | { readonly kind: "in"; readonly of: Expression; readonly values: readonly Literal[] }
  | { readonly kind: "isNull"; readonly of: Expression }
  | { readonly kind: "orElse"; readonly of: Expression; readonly value: Expression }
  | { readonly kind: "cast"; readonly of: Expression; readonly to: ColumnType }
  | { readonly kind: "lower" | "upper" | "trim" | "length"; readonly of: Expression }
  | { readonly kind: "concat"; readonly parts: readonly Expression[] }
  /** In code points, from 0. Without `length` to the end. */
  | { readonly kind: "substring"; readonly of: Expression; readonly start: number; readonly length?: number }
  | { readonly kind: "startsWith"; readonly of: Expression; readonly prefix: string }
  /** Adds µs, which may be negative, to a timestamp. */
  | { readonly kind: "shift"; readonly of: Expression; readonly micros: number }
  /** Milliseconds from `earlier` to `of`, with the microseconds as a fraction. */
  | { readonly kind: "since"; readonly of: Expression; readonly earlier: Expression }
  | { readonly kind: "truncate"; readonly of: Expression; readonly to: TruncateUnit };

/**
 * A value. Without a type it takes that of what it is combined with: a number is then an integer, a float64 or
 * milliseconds of a timestamp, text is a string, a decimal or a date. An int64 beyond 2^53 is digits with its type.
 */
export interface Literal {
  readonly kind: "literal";
  readonly value: string | number | boolean | null;
  readonly type?: ColumnType;
}

export type Arithmetic = "add" | "sub" | "mul" | "div" | "mod";
export type Comparison = "eq" | "ne" | "lt" | "le" | "gt" | "ge";
/** In UTC. */
export type TruncateUnit = "minute" | "hour" | "day";

/** A column of the input. */
export function column(name: string): Expression {
  return { kind: "column", name };
}

/** A value; a bigint is an int64. */
export function literal(value: string | number | boolean | bigint | null, type?: ColumnType): Literal {
  if (typeof value === "bigint") {
    return { kind: "literal", value: String(value), type: type ?? { kind: "int64", as: "bigint" } };
  }
  return type === undefined ? { kind: "literal", value } : { kind: "literal", value, type };
}

/** Names of the columns that an expression reads. */
export function columnsRead(expression: Expression): readonly string[] {
  if (expression.kind === "column") return [expression.name];
  return parts(expression).flatMap(columnsRead);
}

function parts(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "column":
    case "literal":
      return [];
    case "arithmetic":
    case "compare":
    case "and":
    case "or":
      return [expression.left, expression.right];
    case "orElse":
      return [expression.of, expression.value];
    case "since":
      return [expression.of, expression.earlier];
    case "concat":
      return expression.parts;
    case "abs":
    case "not":
    case "in":
    case "isNull":
    case "cast":
    case "lower":
    case "upper":
    case "trim":
    case "length":
    case "substring":
    case "startsWith":
    case "shift":
    case "truncate":
      return [expression.of];
  }
}
