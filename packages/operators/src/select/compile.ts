/** From the tree of an expression to what computes it, checked against the columns there are. */
import {
  BATCH_ROWS_MAX,
  ColumnBuilder,
  columnIndex,
  reasonOf,
  typeName,
  type Column,
  type ColumnType,
  type Field,
  type Schema,
} from "@df/core";
import { cellWriter } from "@df/core/batch/rows";
import { abs, arithmetic } from "./arithmetic.ts";
import { compare, isIn, logic, not, nullTest } from "./compare.ts";
import type { Expression, Literal } from "./expression.ts";
import { cast, concat, orElse, shift, since, startsWith, substring, textFunction, truncate } from "./text.ts";
import { mistyped, type Vector } from "./vector.ts";

/** @throws DF_NO_COLUMN, DF_EXPRESSION naming the types that do not fit */
export function compile(expression: Expression, schema: Schema): Vector {
  const of = (part: Expression): Vector => compile(part, schema);
  switch (expression.kind) {
    case "column":
      return columnVector(schema, expression.name);
    case "literal":
      return literalVector(expression);
    case "arithmetic":
      return arithmetic(expression.op, ...pair(expression.left, expression.right, schema));
    case "compare":
      return compare(expression.op, ...pair(expression.left, expression.right, schema));
    case "and":
    case "or":
      return logic(expression.kind, of(expression.left), of(expression.right));
    case "in": {
      const value = of(expression.of);
      return isIn(
        value,
        expression.values.map((each) => literalVector(each, value.type)),
      );
    }
    case "orElse": {
      const { value } = expression;
      const first = of(expression.of);
      return orElse(
        first,
        value.kind === "literal" ? literalVector({ type: first.type, ...value }) : of(value),
      );
    }
    case "since":
      return since(...pair(expression.of, expression.earlier, schema));
    case "concat":
      return concat(expression.parts.map(of));
    case "abs":
    case "not":
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
      return unary(expression, of(expression.of));
  }
}

type Unary = Exclude<
  Expression,
  {
    kind:
      | "column"
      | "literal"
      | "arithmetic"
      | "compare"
      | "and"
      | "or"
      | "in"
      | "orElse"
      | "since"
      | "concat";
  }
>;

function unary(expression: Unary, of: Vector): Vector {
  switch (expression.kind) {
    case "abs":
      return abs(of);
    case "not":
      return not(of);
    case "isNull":
      return nullTest(of);
    case "cast":
      return cast(of, expression.to);
    case "lower":
    case "upper":
    case "trim":
    case "length":
      return textFunction(expression.kind, of);
    case "substring":
      return substring(of, expression.start, expression.length);
    case "startsWith":
      return startsWith(of, expression.prefix);
    case "shift":
      return shift(of, expression.micros);
    case "truncate":
      return truncate(of, expression.to);
  }
}

function columnVector(schema: Schema, name: string): Vector {
  const index = columnIndex(schema, name);
  const { type, nullable } = schema.fields[index] as Field;
  return { type, nullable, evaluate: (batch) => batch.columns[index] as Column };
}

/** Two operands: a literal without a type takes one that fits the other side. */
function pair(left: Expression, right: Expression, schema: Schema): [Vector, Vector] {
  if (left.kind === "literal" && left.type === undefined) {
    const other = compile(right, schema);
    return [literalVector(left, other.type), other];
  }
  const first = compile(left, schema);
  const second = right.kind === "literal" ? literalVector(right, first.type) : compile(right, schema);
  return [first, second];
}

function literalVector(literal: Literal, beside?: ColumnType): Vector {
  const type = literal.type ?? literalType(literal.value, beside);
  // What does not fit the type is refused here already.
  let rows = 1;
  let column = literalColumn(literal, type, rows);
  return {
    type,
    nullable: literal.value === null,
    evaluate: ({ length }) => {
      // A column may be longer than its batch, so one serves all that are not longer than those before.
      if (length > rows) {
        rows = Math.min(BATCH_ROWS_MAX, Math.max(length, rows * 2));
        column = literalColumn(literal, type, rows);
      }
      return column;
    },
  };
}

/** The value of a literal in so many rows. */
function literalColumn({ value }: Literal, type: ColumnType, rows: number): Column {
  const builder = new ColumnBuilder(type, rows);
  const write = cellWriter(type);
  for (let row = 0; row < rows; row++) {
    if (value === null) builder.null();
    else writeLiteral(value, type, (cell) => write(cell, builder));
  }
  return builder.take();
}

function writeLiteral(
  value: string | number | boolean,
  type: ColumnType,
  write: (value: unknown) => void,
): void {
  try {
    write(type.kind === "int64" && typeof value === "string" ? BigInt(value) : value);
  } catch (thrown) {
    mistyped(`${JSON.stringify(value)} is no ${typeName(type)}: ${reasonOf(thrown)}`);
  }
}

function literalType(value: Literal["value"], beside: ColumnType | undefined): ColumnType {
  if (value === null) return beside ?? mistyped('A null needs a type: literal(null, { kind: "string" }).');
  if (typeof value === "boolean") return { kind: "bool" };
  if (typeof value === "number") {
    if (beside?.kind === "timestamp" || beside?.kind === "float64") return beside;
    if (!Number.isSafeInteger(value)) return { kind: "float64" };
    return beside?.kind === "int64" ? beside : { kind: "int64", as: "number" };
  }
  if (beside?.kind === "date") return beside;
  if (beside?.kind === "decimal")
    return { kind: "decimal", precision: 18, scale: decimalScale(value, beside.scale) };
  return { kind: "string" };
}

/** Digits after the point, if there are more than on the other side. */
function decimalScale(text: string, scale: number): number {
  return Math.min(18, Math.max(scale, text.split(".")[1]?.length ?? 0));
}
