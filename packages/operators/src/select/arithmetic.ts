/** Types and evaluation of add, sub, mul, div, mod and abs. */
import { typeName, type Column, type ColumnType } from "@df/core";
import {
  decimalRange,
  doublesOf,
  exactArithmetic,
  exactValues,
  rangeOf,
  roundedQuotient,
  wideColumn,
} from "./exact.ts";
import type { Arithmetic } from "./expression.ts";
import {
  bothValid,
  expectKind,
  mistyped,
  unlessAllValid,
  valuesOf,
  type Refusals,
  type Vector,
} from "./vector.ts";

type Decimals = Extract<ColumnType, { kind: "decimal" }>;

const NUMBERS = ["int32", "int64", "decimal", "float64"] as const;

/**
 * Integers give int64, decimals the digits that the exact result may need (at most 18), a float64 with an integer that
 * a lambda reads as a number gives float64.
 */
export function arithmetic(op: Arithmetic, left: Vector, right: Vector): Vector {
  expectKind(op, left, ...NUMBERS);
  expectKind(op, right, ...NUMBERS);
  const nullable = left.nullable || right.nullable;
  const type = resultType(op, left.type, right.type);
  return {
    type,
    nullable,
    evaluate(batch, refusals) {
      const sides = [left.evaluate(batch, refusals), right.evaluate(batch, refusals)] as const;
      if (type.kind === "float64") return floats(op, sides, batch.length, refusals);
      if (type.kind !== "decimal") return exactArithmetic(op, sides, rangeOf(type), batch.length, refusals);
      return decimals(op, type, [asDecimal(left.type), asDecimal(right.type)], sides, batch.length, refusals);
    },
  };
}

function resultType(op: Arithmetic, left: ColumnType, right: ColumnType): ColumnType {
  if (left.kind === "float64" || right.kind === "float64") {
    for (const type of [left, right]) {
      const isExactOnly = type.kind === "decimal" || (type.kind === "int64" && type.as === "bigint");
      if (isExactOnly)
        mistyped(
          `${op} of ${typeName(left)} and ${typeName(right)} would round. Use .cast() on one of them.`,
        );
    }
    return { kind: "float64" };
  }
  if (left.kind !== "decimal" && right.kind !== "decimal") {
    const isBigint = [left, right].some((type) => type.kind === "int64" && type.as === "bigint");
    return { kind: "int64", as: isBigint ? "bigint" : "number" };
  }
  const a = asDecimal(left);
  const b = asDecimal(right);
  const scale = op === "mul" ? a.scale + b.scale : Math.max(a.scale, b.scale);
  if (scale > 18)
    mistyped(
      `mul of ${typeName(left)} and ${typeName(right)} has ${scale} digits after the point; at most 18 are possible.`,
    );
  const whole = Math.max(a.precision - a.scale, b.precision - b.scale);
  const digits = op === "mul" ? a.precision + b.precision : op === "div" ? 18 : whole + scale + 1;
  return { kind: "decimal", precision: Math.min(18, digits), scale };
}

function asDecimal(type: ColumnType): Decimals {
  if (type.kind === "decimal") return type;
  return { kind: "decimal", precision: type.kind === "int32" ? 10 : 18, scale: 0 };
}

function decimals(
  op: Arithmetic,
  type: Decimals,
  [a, b]: readonly [Decimals, Decimals],
  sides: readonly [Column, Column],
  length: number,
  refusals: Refusals,
): Column {
  const range = decimalRange(type.precision, type.scale);
  if (op === "mul") return exactArithmetic("mul", sides, range, length, refusals);
  if (a.scale === b.scale && op !== "div") return exactArithmetic(op, sides, range, length, refusals);
  const validity = bothValid(sides[0], sides[1], length);
  const left = exactValues(sides[0]);
  const right = exactValues(sides[1]);
  const leftUp = 10n ** BigInt(type.scale - a.scale);
  const rightUp = 10n ** BigInt(type.scale - b.scale);
  const quotientUp = 10n ** BigInt(type.scale);
  const rows = Array.from({ length }, (_, row) => row);
  return wideColumn(rows, validity, range, refusals, (row) => {
    const x = BigInt(left[row] as number | bigint) * leftUp;
    const y = BigInt(right[row] as number | bigint) * rightUp;
    if (op === "div") return roundedQuotient(x * quotientUp, y);
    if (op === "add") return x + y;
    if (op === "sub") return x - y;
    if (y === 0n) throw new RangeError("division by zero");
    return x % y;
  });
}

/** As JavaScript computes them; only division by zero is refused, as for all numbers. */
function floats(
  op: Arithmetic,
  sides: readonly [Column, Column],
  length: number,
  refusals: Refusals,
): Column {
  const left = doublesOf(sides[0], length, refusals);
  const right = doublesOf(sides[1], length, refusals);
  const a = valuesOf(left) as Float64Array;
  const b = valuesOf(right) as Float64Array;
  const validity = bothValid(left, right, length);
  const values = new Float64Array(length);
  for (let row = 0; row < length; row++) {
    if (validity[row] === 0) continue;
    const x = a[row] as number;
    const y = b[row] as number;
    if (op === "add") values[row] = x + y;
    else if (op === "sub") values[row] = x - y;
    else if (op === "mul") values[row] = x * y;
    else if (y === 0) {
      refusals.refuse(row, "division by zero");
      validity[row] = 0;
    } else values[row] = op === "div" ? x / y : x % y;
  }
  return { layout: "double", values, validity: unlessAllValid(validity) };
}

/** The size of a number. The lowest int64 has none, and refuses its row. */
export function abs(of: Vector): Vector {
  expectKind("abs", of, ...NUMBERS);
  const type: ColumnType = of.type.kind === "int32" ? { kind: "int64", as: "number" } : of.type;
  const range = rangeOf(type);
  return {
    type,
    nullable: of.nullable,
    evaluate(batch, refusals) {
      const column = of.evaluate(batch, refusals);
      const { length } = batch;
      const values = valuesOf(column);
      if (!(values instanceof BigInt64Array)) {
        const sizes = Float64Array.from({ length }, (_, row) => Math.abs(values[row] as number));
        return {
          layout: type.kind === "float64" ? "double" : "long",
          values: sizes,
          validity: column.validity,
        };
      }
      const validity = column.validity?.slice(0, length) ?? new Uint8Array(length).fill(1);
      const rows = Array.from({ length }, (_, row) => row);
      return wideColumn(rows, validity, range, refusals, (row) => {
        const value = values[row] as bigint;
        return value < 0n ? -value : value;
      });
    },
  };
}
