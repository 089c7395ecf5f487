/** Pieces of a kernel that read values into columns. */
import type { ColumnType } from "@df/core";
import { unreachable } from "@df/core";
import { EXACT_DIGITS } from "../json/number.ts";
import { decimalsOf } from "../json/written.ts";
import { block, brIfRarely, f64, get, i32, i64, select, set, when, whenRarely } from "@df/core/wasm/code";
import type { Code } from "@df/core/wasm/code";
import type { ColumnAddresses } from "./memory.ts";
import { doublePower, fraction, mustBeExact, mustBeNumber, wholePart } from "./numbers.ts";
import { readDate, readTime } from "./times.ts";
import { isFalse, isWord, step } from "./tokens.ts";
import type { Variables } from "./variables.ts";

const INT32_MAX = 2 ** 31 - 1;

/** Where a value goes, and what is done then. */
export interface Target {
  readonly addresses: ColumnAddresses;
  /** Bytes that may follow a number. */
  readonly behind: ReadonlySet<number>;
  /** Says that the value was taken, and goes on behind it. */
  readonly taken: Code;
}

/**
 * Reads a value other than a string in its common spelling, as it stands without quotes, and does `taken` with `p`
 * behind it; goes on behind this code for all else.
 */
export function readBare(on: Variables, type: ColumnType, target: Target): Code {
  switch (type.kind) {
    case "int32":
      return readInteger(on, { shift: 0, max: INT32_MAX, isInt32: true }, target);
    case "int64":
      return readInteger(on, { shift: 0, max: Number.MAX_SAFE_INTEGER }, target);
    case "timestamp":
      if (type.json === "iso") return readTime(on, target.addresses.values, target.taken);
      return readInteger(on, { shift: decimalsOf(type), max: Number.MAX_SAFE_INTEGER }, target);
    case "float64":
      return readDouble(on, target);
    case "decimal":
      return readDecimal(on, type, target);
    case "bool":
      return readBool(on, target);
    case "date":
      return readDate(on, target.addresses.values, target.taken);
    case "string":
    case "bytes":
    case "json":
      return [];
    default:
      return unreachable(type);
  }
}

interface Range {
  /** Decimals of the numbers that are stored as integers. */
  readonly shift: number;
  readonly max: number;
  readonly isInt32?: boolean;
}

/** Reads a whole number of few digits, times a power of ten. −0 becomes 0, as it is for all integers. */
function readInteger(on: Variables, { shift, max, isInt32 = false }: Range, target: Target): Code {
  const { v, n, row, negative } = on;
  const largest = Math.floor(max / 10 ** shift);
  const isTooLarge = i64.gt_s(get(v), i64.const(BigInt(largest)));
  const { values } = target.addresses;
  return block(
    "no number",
    wholePart(on, true),
    mustBeNumber(on, target.behind, "no number"),
    mustBeExact(get(n), "no number"),
    largest >= 10 ** EXACT_DIGITS ? [] : brIfRarely("no number", isTooLarge),
    shift === 0 ? [] : set(v, i64.mul(get(v), i64.const(10n ** BigInt(shift)))),
    whenRarely(get(negative), set(v, i64.sub(i64.const(0n), get(v)))),
    isInt32
      ? i32.store(i32.shl(get(row), i32.const(2)), i32.wrap(get(v)), values)
      : f64.store(i32.shl(get(row), i32.const(3)), f64.fromI64(get(v)), values),
    target.taken,
  );
}

/** Up to 15 digits, and a power of ten up to 22, are exact doubles, so one division rounds once (Clinger, 1990). */
function readDouble(on: Variables, { addresses, behind, taken }: Target): Code {
  const { v, n, e, row, negative, real } = on;
  return block(
    "no number",
    wholePart(on, true),
    fraction(on, true),
    mustBeNumber(on, behind, "no number"),
    mustBeExact(i32.add(get(n), get(e)), "no number"),
    set(real, f64.div(f64.fromI64(get(v)), doublePower(get(e)))),
    set(real, select(f64.neg(get(real)), get(real), get(negative))),
    f64.store(i32.shl(get(row), i32.const(3)), get(real), addresses.values),
    taken,
  );
}

type Decimal = Extract<ColumnType, { readonly kind: "decimal" }>;

function readDecimal(on: Variables, { precision, scale }: Decimal, target: Target): Code {
  const { v, n, e, row, negative, real } = on;
  const largest = Math.min(10 ** precision - 1, Number.MAX_SAFE_INTEGER);
  return block(
    "no number",
    wholePart(on, true),
    fraction(on, true),
    mustBeNumber(on, target.behind, "no number"),
    mustBeExact(i32.add(get(n), get(e)), "no number"),
    brIfRarely("no number", i32.gt_s(get(e), i32.const(scale))),
    set(real, f64.mul(f64.fromI64(get(v)), doublePower(i32.sub(i32.const(scale), get(e))))),
    brIfRarely("no number", f64.gt(get(real), f64.const(largest))),
    set(real, select(f64.sub(f64.const(0), get(real)), get(real), get(negative))),
    f64.store(i32.shl(get(row), i32.const(3)), get(real), target.addresses.values),
    target.taken,
  );
}

function readBool(on: Variables, { addresses, taken }: Target): Code {
  const { row } = on;
  const write = (value: number): Code => i32.store8(get(row), i32.const(value), addresses.values);
  return [
    when(isWord(on, "true"), step(on, 4), write(1), taken),
    when(isFalse(on), step(on, 5), write(0), taken),
  ];
}
