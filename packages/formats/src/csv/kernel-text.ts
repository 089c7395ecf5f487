/** Pieces of a kernel that find the ends of fields, sixteen bytes at once, and read text. */
import type { Target } from "../kernel/values.ts";
import { isByte, isOneOf, literal, seek, step } from "../kernel/tokens.ts";
import type { Variables } from "../kernel/variables.ts";
import { NEWLINE, RETURN } from "../line-ends.ts";
import { block, br, brIf, get, i32, loop, set, v128, when } from "@df/core/wasm/code";
import type { Code } from "@df/core/wasm/code";
import type { Dialect } from "./fields.ts";

/** Strings of an enum that are compared one after the other, and their bytes. */
const COMPARED_MAX = 16;
const COMPARED_BYTES_MAX = 32;

/** Where text goes. */
export interface TextTarget extends Omit<Target, "behind"> {
  /** The strings that the column allows; undefined where it allows all. */
  readonly values: readonly string[] | undefined;
  /** Whether the text between two addresses is one of them. */
  readonly isAllowed: (start: Code, end: Code) => Code;
}

/**
 * Reads the text of the field at `s` and `p`, and does `taken` with `p` behind it; leaves the block "odd" where its quotes
 * are doubled, and the block "stop" where it is not allowed, or does not end in the window.
 */
export function readText(on: Variables, dialect: Dialect, target: TextTarget): Code {
  const { s } = on;
  const { values } = target;
  return [
    values === undefined ? [] : readOneOf(on, dialect, values, target),
    when(
      isByte(on, dialect.quote),
      step(on, 1),
      seekQuote(on, dialect),
      brIf("odd", isByte(on, dialect.quote, 1)),
      isTaken(on, i32.add(get(s), i32.const(1)), target),
      step(on, 1),
      target.taken,
    ),
    seekEnd(on, dialect),
    isTaken(on, get(s), target),
    target.taken,
  ];
}

/** Goes to what ends the field at `p`, whatever it holds; leaves the block "stop" where it does not end in the window. */
export function skipField(on: Variables, dialect: Dialect): Code {
  const { quote } = dialect;
  return block(
    "value",
    when(
      isByte(on, quote),
      loop(
        "doubled",
        step(on, 1),
        seekQuote(on, dialect),
        step(on, 1),
        brIf("doubled", isByte(on, quote)),
        br("value"),
      ),
    ),
    seekEnd(on, dialect),
  );
}

/** Writes where a text lies that ends at `p`. */
function isTaken({ p, row, shift }: Variables, start: Code, target: TextTarget): Code {
  const { addresses, values, isAllowed } = target;
  const four = i32.shl(get(row), i32.const(2));
  return [
    values === undefined ? [] : brIf("stop", i32.eqz(isAllowed(start, get(p)))),
    i32.store(four, i32.add(start, get(shift)), addresses.values),
    i32.store(four, i32.add(get(p), get(shift)), addresses.ends),
  ];
}

/** Reads one of a few strings that stand without quotes. */
function readOneOf(
  on: Variables,
  { delimiter, quote }: Dialect,
  values: readonly string[],
  target: TextTarget,
): Code {
  const special = [delimiter, quote, NEWLINE, RETURN];
  const plain = values
    .map((text) => new TextEncoder().encode(text))
    .filter((bytes) => bytes.length > 0 && bytes.length <= COMPARED_BYTES_MAX)
    .filter((bytes) => !bytes.some((byte) => special.includes(byte)));
  const { p, s, row, shift } = on;
  const four = i32.shl(get(row), i32.const(2));
  return plain
    .slice(0, COMPARED_MAX)
    .map((bytes) => [
      block(
        "another",
        literal(on, bytes, "another"),
        brIf("another", i32.eqz(isOneOf(on, [delimiter, NEWLINE, RETURN]))),
        i32.store(four, i32.add(get(s), get(shift)), target.addresses.values),
        i32.store(four, i32.add(get(p), get(shift)), target.addresses.ends),
        target.taken,
      ),
      set(p, get(s)),
    ]);
}

/** Goes to the next byte that may end a field without quotes, or that has no place in one. */
function seekEnd(on: Variables, { delimiter, quote }: Dialect): Code {
  const is = (byte: number): Code => v128.eq8(get(on.bytes), on.constants.byte(byte));
  return seek(on, v128.or(v128.or(is(delimiter), is(quote)), v128.or(is(NEWLINE), is(RETURN))));
}

/** Goes to the next quote, if it lies before the end: line breaks do not hold the search up, as they do elsewhere. */
function seekQuote(on: Variables, { quote }: Dialect): Code {
  const { p, end, bytes, constants } = on;
  const isBehind = brIf("stop", i32.ge_s(get(p), get(end)));
  return [seek(on, v128.eq8(get(bytes), constants.byte(quote)), isBehind), isBehind];
}
