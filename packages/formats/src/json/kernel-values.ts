import type { ColumnType } from "@df/core";
import { unreachable } from "@df/core";
import { fraction, mustBeNumber, wholePart } from "../kernel/numbers.ts";
import { isByte, isFalse, isWord, literal, step } from "../kernel/tokens.ts";
import { readBare } from "../kernel/values.ts";
import type { Target } from "../kernel/values.ts";
import type { Variables } from "../kernel/variables.ts";
import { block, br, get, i32, set, when } from "@df/core/wasm/code";
import type { Code } from "@df/core/wasm/code";
import { QUOTE, string } from "./kernel-tokens.ts";
import type { Slot } from "./layout.ts";
import { isWrittenAsText } from "./written.ts";

/** Strings of an enum that are compared one after the other. */
const COMPARED_MAX = 16;

/** Where a value of JSON goes. */
export interface JsonTarget extends Target {
  /** Whether the text between two addresses may stand in the column. */
  readonly isAllowed: (start: Code, end: Code) => Code;
}

/** Reads what is common and simple of a type, and does `taken`; goes on behind this code for all else. */
export function readFast(on: Variables, type: ColumnType, target: JsonTarget): Code {
  if (type.kind === "string") {
    if (type.values?.every(isPlain) === true) return readOneOf(on, type.values, target);
    return readString(on, type.values !== undefined, target);
  }
  if (!isWrittenAsText(type)) return readBare(on, type, target);
  const isQuote = isByte(on, QUOTE);
  const taken = when(isQuote, step(on, 1), target.taken);
  return when(isQuote, step(on, 1), readBare(on, type, { ...target, taken }));
}

/** Steps over what is common and simple of a value that nobody reads, and leaves the block "value". */
export function skipFast(on: Variables, kind: Slot["kind"], behind: ReadonlySet<number>): Code {
  switch (kind) {
    case "string":
      return string(on, step(on, 1), br("value"));
    case "number":
      return block(
        "no number",
        wholePart(on, false),
        fraction(on, false),
        mustBeNumber(on, behind, "no number"),
        br("value"),
      );
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

function readString(on: Variables, isEnum: boolean, { addresses, taken, isAllowed }: JsonTarget): Code {
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
