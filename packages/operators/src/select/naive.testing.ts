/** The meaning of expressions, one row at a time: what the tests hold the columns against. */
import type { Expression, Literal } from "./expression.ts";

/** `digits`: precision of an integer or decimal; `scale`: digits after the point; `isNumber`: read as a number. */
export type Value =
  | null
  | boolean
  | string
  | { readonly float: number }
  | { readonly micros: number }
  | { readonly int: bigint; readonly digits: number; readonly isNumber?: boolean }
  | { readonly unscaled: bigint; readonly digits: number; readonly scale: number };

/** Value of a column of the row. */
export type ReadColumn = (row: Readonly<Record<string, unknown>>, name: string) => Value;

const BEYOND = "beyond the range";

/** @throws Error where the row is refused */
export function naive(tree: Expression, row: Readonly<Record<string, unknown>>, read: ReadColumn): Value {
  const of = (part: Expression): Value => naive(part, row, read);
  switch (tree.kind) {
    case "column":
      return read(row, tree.name);
    case "literal":
      return plain(tree);
    case "arithmetic":
      return calculated(tree.op, of(tree.left), of(tree.right));
    case "abs":
      return size(of(tree.of));
    case "compare":
      return compared(tree.op, of(tree.left), of(tree.right));
    case "and":
      return of(tree.left) === true && of(tree.right) === true;
    case "or":
      return of(tree.left) === true || of(tree.right) === true;
    case "not":
      return of(tree.of) !== true;
    case "isNull":
      return of(tree.of) === null;
    case "orElse":
      return of(tree.of) ?? of(tree.value);
    case "in": {
      const value = of(tree.of);
      return tree.values.some((each) => compared("eq", value, plain(each)));
    }
    case "since":
      return elapsed(of(tree.of), of(tree.earlier));
    case "concat": {
      const parts = tree.parts.map(of);
      return parts.includes(null) ? null : (parts as string[]).join("");
    }
    case "cast":
      throw new Error("the naive version does not cast");
    case "lower":
    case "upper":
    case "trim":
    case "length":
    case "substring":
    case "startsWith":
      return ofText(tree, of(tree.of));
    case "shift":
    case "truncate":
      return ofTime(tree, of(tree.of));
  }
}

type OfText = Extract<
  Expression,
  { kind: "lower" | "upper" | "trim" | "length" | "substring" | "startsWith" }
>;

function ofText(tree: OfText, value: Value): Value {
  if (value === null) return tree.kind === "startsWith" ? false : null;
  const text = value as string;
  switch (tree.kind) {
    case "lower":
      return text.toLowerCase();
    case "upper":
      return text.toUpperCase();
    case "trim":
      return text.trim();
    case "length":
      return { int: BigInt(Array.from(text).length), digits: 18, isNumber: true };
    case "substring": {
      const end = tree.start + (tree.length ?? Infinity);
      return Array.from(text)
        .filter((_, i) => i >= tree.start && i < end)
        .join("");
    }
    case "startsWith":
      return text.startsWith(tree.prefix);
  }
}

function ofTime(tree: Extract<Expression, { kind: "shift" | "truncate" }>, value: Value): Value {
  if (value === null) return null;
  if (tree.kind === "shift") return { micros: microsIn(value) + tree.micros };
  const date = new Date(Math.floor(microsIn(value) / 1_000));
  date.setUTCSeconds(0, 0);
  if (tree.to !== "minute") date.setUTCMinutes(0);
  if (tree.to === "day") date.setUTCHours(0);
  return { micros: date.getTime() * 1_000 };
}

function microsIn(value: Value): number {
  return value !== null && typeof value === "object" && "micros" in value ? value.micros : Number.NaN;
}

function plain({ value, type }: Literal): Value {
  if (type?.kind === "int64") return { int: BigInt(value as string), digits: 18 };
  if (type?.kind === "float64") return { float: value as number };
  return typeof value === "number" ? { int: BigInt(value), digits: 18 } : value;
}

function elapsed(a: Value, b: Value): Value {
  return a === null || b === null ? null : { float: (microsIn(a) - microsIn(b)) / 1_000 };
}

interface Scaled {
  readonly unscaled: bigint;
  readonly digits: number;
  readonly scale: number;
}

function scaled(value: Value): Scaled {
  if (value === null || typeof value !== "object") throw new Error("no number");
  if ("int" in value) return { unscaled: value.int, digits: value.digits, scale: 0 };
  if ("unscaled" in value) return value;
  throw new Error("no exact number");
}

function calculated(op: string, left: Value, right: Value): Value {
  if (left === null || right === null) return null;
  if (typeof left === "object" && "float" in left) return floats(op, left.float, right);
  const a = scaled(left);
  const b = scaled(right);
  const isDecimal = [left, right].some((side) => typeof side === "object" && "unscaled" in side);
  const scale = op === "mul" ? a.scale + b.scale : Math.max(a.scale, b.scale);
  const x = a.unscaled * 10n ** BigInt(Math.max(0, scale - a.scale));
  const y = b.unscaled * 10n ** BigInt(Math.max(0, scale - b.scale));
  if ((op === "div" || op === "mod") && y === 0n) throw new Error("division by zero");
  let result: bigint;
  if (op === "add") result = x + y;
  else if (op === "sub") result = x - y;
  else if (op === "mul") result = a.unscaled * b.unscaled;
  else if (op === "mod") result = x % y;
  else if (!isDecimal) result = x / y;
  else result = rounded(x * 10n ** BigInt(scale), y);
  if (!isDecimal) {
    const isNumber = [left, right].every(
      (side) => typeof side === "object" && "int" in side && side.isNumber,
    );
    if (isNumber ? !Number.isSafeInteger(Number(result)) : BigInt.asIntN(64, result) !== result) {
      throw new Error(BEYOND);
    }
    return { int: result, digits: 18, isNumber };
  }
  const whole = Math.max(a.digits - a.scale, b.digits - b.scale);
  const needs = op === "mul" ? a.digits + b.digits : op === "div" ? 18 : whole + scale + 1;
  const digits = Math.min(18, needs);
  if (String(result).replace("-", "").length > digits) throw new Error(BEYOND);
  return { unscaled: result, digits, scale };
}

/** By the digits of the next place: 5 and more go away from zero. */
function rounded(a: bigint, b: bigint): bigint {
  const sign = a < 0n === b < 0n ? 1n : -1n;
  const tenfold = (10n * (a < 0n ? -a : a)) / (b < 0n ? -b : b);
  return sign * (tenfold / 10n + (tenfold % 10n >= 5n ? 1n : 0n));
}

function floats(op: string, a: number, right: Value): Value {
  if (right === null || typeof right !== "object" || !("float" in right)) throw new Error("no float");
  const b = right.float;
  if (op === "add") return { float: a + b };
  if (op === "sub") return { float: a - b };
  if (op === "mul") return { float: a * b };
  if (b === 0) throw new Error("division by zero");
  return { float: op === "div" ? a / b : a % b };
}

function size(value: Value): Value {
  if (value === null || typeof value !== "object" || "micros" in value) return null;
  if ("float" in value) return { float: Math.abs(value.float) };
  if ("int" in value) {
    if (value.int === -(2n ** 63n)) throw new Error(BEYOND);
    return { ...value, int: value.int < 0n ? -value.int : value.int };
  }
  return { ...value, unscaled: value.unscaled < 0n ? -value.unscaled : value.unscaled };
}

function compared(op: string, left: Value, right: Value): boolean {
  if (left === null || right === null) return op === "ne";
  const order = orderOf(left, right);
  if (op === "eq") return order === 0;
  if (op === "ne") return order !== 0;
  if (op === "lt") return order < 0;
  if (op === "le") return order <= 0;
  return op === "gt" ? order > 0 : order >= 0;
}

function orderOf(left: Value, right: Value): number {
  if (typeof left === "string" && typeof right === "string") {
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  }
  if (typeof left === "boolean") return Number(left) - Number(right);
  const pairs = [left, right].map((side) => {
    if (side !== null && typeof side === "object" && "float" in side) return side.float;
    if (side !== null && typeof side === "object" && "micros" in side) return side.micros;
    return undefined;
  });
  const [a, b] = pairs;
  if (a !== undefined && b !== undefined) return a === b ? 0 : a - b;
  const x = scaled(left);
  const y = scaled(right);
  const difference = x.unscaled * 10n ** BigInt(y.scale) - y.unscaled * 10n ** BigInt(x.scale);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}
