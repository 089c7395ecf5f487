/** Comparisons and logic: they answer true or false, never null. */
import { isNull, typeName, unreachable, type Column, type ColumnType } from "@df/core";
import { exactValues } from "./exact.ts";
import type { Comparison } from "./expression.ts";
import { bools, expectKind, mistyped, Refusals, valuesOf, type Vector } from "./vector.ts";

const BOOL: ColumnType = { kind: "bool" };

/**
 * Null equals nothing, not even null, and is neither below nor above anything; `ne` is the opposite of `eq`. Numbers
 * are compared exactly whatever their types, text and bytes by their bytes.
 */
export function compare(op: Comparison, left: Vector, right: Vector): Vector {
  checkComparable(op, left.type, right.type);
  return {
    type: BOOL,
    nullable: false,
    evaluate(batch, refusals) {
      const sides = scaled(left, right, [left.evaluate(batch, refusals), right.evaluate(batch, refusals)]);
      const [a, b] = sides;
      const truth = new Uint8Array(batch.length);
      const order = orderOf(a, b);
      for (let row = 0; row < batch.length; row++) {
        const hasBoth = !isNull(a, row) && !isNull(b, row);
        truth[row] = (hasBoth ? holds(op, order(row)) : op === "ne") ? 1 : 0;
      }
      return bools(truth);
    },
  };
}

function checkComparable(op: Comparison, left: ColumnType, right: ColumnType): void {
  const isNumber = ({ kind }: ColumnType): boolean => ["int32", "int64", "decimal", "float64"].includes(kind);
  const mixes =
    left.kind === "decimal" || right.kind === "decimal"
      ? left.kind !== "float64" && right.kind !== "float64"
      : true;
  const fits = left.kind === right.kind ? left.kind !== "json" : isNumber(left) && isNumber(right) && mixes;
  if (!fits)
    mistyped(`${op} cannot compare ${typeName(left)} with ${typeName(right)}. Use .cast() on one of them.`);
}

/** Decimals of different scales, brought to the larger one. */
function scaled(left: Vector, right: Vector, [a, b]: [Column, Column]): [Column, Column] {
  const scaleOf = ({ type }: Vector): number => (type.kind === "decimal" ? type.scale : 0);
  const scale = Math.max(scaleOf(left), scaleOf(right));
  if (scaleOf(left) === scaleOf(right)) return [a, b];
  return [raised(a, scale - scaleOf(left)), raised(b, scale - scaleOf(right))];
}

/** Unscaled values times 10^digits. Beyond 64 bits they keep their order, as no stored value comes near the limits. */
function raised(column: Column, digits: number): Column {
  if (digits === 0) return column;
  const factor = 10n ** BigInt(digits);
  const limit = 2n ** 63n - 1n;
  const values = BigInt64Array.from(exactValues(column) as Float64Array, (value) => {
    const product = BigInt(value) * factor;
    return product > limit ? limit : product < -limit ? -limit : product;
  });
  return { layout: "long", values, validity: column.validity };
}

/** Below 0, 0 or above 0; NaN where neither. */
function orderOf(a: Column, b: Column): (row: number) => number {
  if (a.layout === "text" && b.layout === "text") {
    return (row) =>
      Buffer.compare(
        a.bytes.subarray(a.starts[row], a.ends[row]),
        b.bytes.subarray(b.starts[row], b.ends[row]),
      );
  }
  const x = valuesOf(a);
  const y = valuesOf(b);
  return (row) => {
    // JavaScript compares a bigint with a number by their exact values.
    const l = x[row] as number | bigint;
    const r = y[row] as number | bigint;
    if (l < r) return -1;
    if (l > r) return 1;
    return l <= r ? 0 : Number.NaN;
  };
}

function holds(op: Comparison, order: number): boolean {
  switch (op) {
    case "eq":
      return order === 0;
    case "ne":
      return order !== 0;
    case "lt":
      return order < 0;
    case "le":
      return order <= 0;
    case "gt":
      return order > 0;
    case "ge":
      return order >= 0;
    default:
      return unreachable(op);
  }
}

/** Whether the value is one of the others. */
export function isIn(of: Vector, values: readonly Vector[]): Vector {
  const equals = values.map((value) => compare("eq", of, value));
  return {
    type: BOOL,
    nullable: false,
    evaluate(batch, refusals) {
      const truth = new Uint8Array(batch.length);
      for (const equal of equals) {
        const one = valuesOf(equal.evaluate(batch, refusals));
        for (let row = 0; row < batch.length; row++) if (one[row] === 1) truth[row] = 1;
      }
      return bools(truth);
    },
  };
}

/** Null counts as false. What the right side refuses counts only where the left side does not decide. */
export function logic(op: "and" | "or", left: Vector, right: Vector): Vector {
  expectKind(op, left, "bool");
  expectKind(op, right, "bool");
  const decided = op === "and" ? 0 : 1;
  return {
    type: BOOL,
    nullable: false,
    evaluate(batch, refusals) {
      const own = new Refusals();
      const a = valuesOf(left.evaluate(batch, refusals));
      const b = valuesOf(right.evaluate(batch, own));
      const truth = new Uint8Array(batch.length);
      for (let row = 0; row < batch.length; row++) {
        truth[row] = a[row] === decided ? decided : (b[row] as number);
      }
      for (const [row, reason] of own.reasons) if (a[row] !== decided) refusals.refuse(row, reason);
      return bools(truth);
    },
  };
}

/** Null counts as false. */
export function not(of: Vector): Vector {
  expectKind("not", of, "bool");
  return {
    type: BOOL,
    nullable: false,
    evaluate(batch, refusals) {
      const values = valuesOf(of.evaluate(batch, refusals));
      return bools(Uint8Array.from({ length: batch.length }, (_, row) => (values[row] === 1 ? 0 : 1)));
    },
  };
}

/** Whether the value is null. */
export function nullTest(of: Vector): Vector {
  return {
    type: BOOL,
    nullable: false,
    evaluate(batch, refusals) {
      const column = of.evaluate(batch, refusals);
      return bools(Uint8Array.from({ length: batch.length }, (_, row) => (isNull(column, row) ? 1 : 0)));
    },
  };
}
