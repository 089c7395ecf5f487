import type { ColumnType } from "@df/core";
import { unreachable } from "@df/core";
import { block, br, f64, get, i32, i64, select, set, when } from "../wasm/code.ts";
import type { Code } from "../wasm/code.ts";
import type { Variables } from "./kernel-code.ts";
import type { ColumnAddresses } from "./kernel-memory.ts";
import { readDate, readTime } from "./kernel-times.ts";
import {
  doublePower,
  fraction,
  isExact,
  isFalse,
  isNumber,
  isWord,
  literal,
  step,
  string,
  wholePart,
} from "./kernel-tokens.ts";
import type { Slot } from "./layout.ts";
import { EXACT_DIGITS } from "./number.ts";
import { decimalsOf } from "./written.ts";

const INT32_MAX = 2 ** 31 - 1;
/** Strings of an enum that are compared one after the other. */
const COMPARED_MAX = 16;

/** Where a value goes, and what is done then. */
export interface Target {
  readonly addresses: ColumnAddresses;
  /** Bytes that may follow the value. */
  readonly behind: ReadonlySet<number>;
  /** Says that the value was taken, and goes on behind it. */
  readonly taken: Code;
  /** Whether the text between two addresses may stand in the column. */
  readonly isAllowed: (start: Code, end: Code) => Code;
}

/** Reads what is common and simple of a type, and does `taken`; goes on behind this code for all else. */
export function readFast(on: Variables, type: ColumnType, target: Target): Code {
  switch (type.kind) {
    case "string":
      if (type.values?.every(isPlain) === true) return readOneOf(on, type.values, target);
      return readString(on, type.values !== undefined, target);
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
    case "bytes":
    case "json":
      return [];
    default:
      return unreachable(type);
  }
}

/** Steps over what is common and simple of a value that nobody reads, and leaves the block "value". */
export function skipFast(on: Variables, kind: Slot["kind"], behind: ReadonlySet<number>): Code {
  switch (kind) {
    case "string":
      return string(on, step(on, 1), br("value"));
    case "number":
      return [wholePart(on, false), fraction(on, false), when(isNumber(on, behind), br("value"))];
    case "word":
      return [
        when(i32.or(isWord(on, "null"), isWord(on, "true")), step(on, 4), br("value")),
        when(isFalse(on), step(on, 5), br("value")),
      ];
    case "nested":
      return [];
    default:
      return unreachable(kind);
  }
}

function readString(on: Variables, isEnum: boolean, { addresses, taken, isAllowed }: Target): Code {
  const { p, s, row, shift } = on;
  const four = i32.shl(get(row), i32.const(2));
  const start = i32.add(get(s), i32.const(1));
  return string(
    on,
    // Whoever reads any value says why it is refused.
    isEnum ? when(i32.eqz(isAllowed(start, get(p))), br("stop")) : [],
    i32.store(four, i32.add(start, get(shift)), addresses.values),
    i32.store(four, i32.add(get(p), get(shift)), addresses.ends),
    step(on, 1),
    taken,
  );
}

/** Whether JSON writes a text as it is, and it is short enough to be compared where it stands. */
function isPlain(text: string, _: number, { length }: readonly string[]): boolean {
  return length <= COMPARED_MAX && text.length <= 32 && JSON.stringify(text) === `"${text}"`;
}

/** Reads one of a few strings. */
function readOneOf(on: Variables, values: readonly string[], { addresses, taken }: Target): Code {
  const { p, s, row, shift } = on;
  const four = i32.shl(get(row), i32.const(2));
  const start = i32.add(get(s), get(shift));
  return values.map((text) => {
    const bytes = new TextEncoder().encode(`"${text}"`);
    return block(
      "another",
      set(p, get(s)),
      literal(on, bytes, "another"),
      i32.store(four, i32.add(start, i32.const(1)), addresses.values),
      i32.store(four, i32.add(start, i32.const(bytes.length - 1)), addresses.ends),
      taken,
    );
  });
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
  const isInRange = largest >= 10 ** EXACT_DIGITS ? [] : [i64.le_s(get(v), i64.const(BigInt(largest)))];
  const conditions = [isNumber(on, target.behind), isExact(get(n)), ...isInRange];
  const scaled = shift === 0 ? get(v) : i64.mul(get(v), i64.const(10n ** BigInt(shift)));
  const { values } = target.addresses;
  return [
    wholePart(on, true),
    when(
      conditions.reduce((all, next) => i32.and(all, next)),
      set(v, scaled),
      set(v, select(i64.sub(i64.const(0n), get(v)), get(v), get(negative))),
      isInt32
        ? i32.store(i32.shl(get(row), i32.const(2)), i32.wrap(get(v)), values)
        : f64.store(i32.shl(get(row), i32.const(3)), f64.fromI64(get(v)), values),
      target.taken,
    ),
  ];
}

/** Up to 15 digits, and a power of ten up to 22, are exact doubles, so one division rounds once (Clinger, 1990). */
function readDouble(on: Variables, { addresses, behind, taken }: Target): Code {
  const { v, n, e, row, negative, real } = on;
  return [
    wholePart(on, true),
    fraction(on, true),
    when(
      i32.and(isNumber(on, behind), isExact(i32.add(get(n), get(e)))),
      set(real, f64.div(f64.fromI64(get(v)), doublePower(get(e)))),
      set(real, select(f64.neg(get(real)), get(real), get(negative))),
      f64.store(i32.shl(get(row), i32.const(3)), get(real), addresses.values),
      taken,
    ),
  ];
}

type Decimal = Extract<ColumnType, { readonly kind: "decimal" }>;

function readDecimal(on: Variables, { precision, scale }: Decimal, target: Target): Code {
  const { v, n, e, row, negative, real } = on;
  const largest = Math.min(10 ** precision - 1, Number.MAX_SAFE_INTEGER);
  const isFineEnough = i32.le_s(get(e), i32.const(scale));
  return [
    wholePart(on, true),
    fraction(on, true),
    when(
      i32.and(i32.and(isNumber(on, target.behind), isExact(i32.add(get(n), get(e)))), isFineEnough),
      set(real, f64.mul(f64.fromI64(get(v)), doublePower(i32.sub(i32.const(scale), get(e))))),
      when(
        f64.le(get(real), f64.const(largest)),
        set(real, select(f64.sub(f64.const(0), get(real)), get(real), get(negative))),
        f64.store(i32.shl(get(row), i32.const(3)), get(real), target.addresses.values),
        target.taken,
      ),
    ),
  ];
}

function readBool(on: Variables, { addresses, taken }: Target): Code {
  const { row } = on;
  const write = (value: number): Code => i32.store8(get(row), i32.const(value), addresses.values);
  return [
    when(isWord(on, "true"), step(on, 4), write(1), taken),
    when(isFalse(on), step(on, 5), write(0), taken),
  ];
}
