/** Pieces of a kernel that step over strings of JSON, and over blanks. */
import { block, br, brIf, get, i32, loop, v128, when, whenMostly, whenRarely } from "@df/core/wasm/code";
import type { Code } from "@df/core/wasm/code";
import { isByte, isOneOf, seek, step } from "../kernel/tokens.ts";
import type { Variables } from "../kernel/variables.ts";
import { RETURN } from "../line-ends.ts";

/** Begins and ends a string. */
export const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const TURNED_BIT = 0x02;
const TAB = 0x09;
/** All blanks are up to it. */
const BLANK = 0x20;

/**
 * Goes to the end of a string without escapes, and there does what is said, with `p` at the closing quote. With one bit
 * turned round the quote is the byte behind all control characters, so one comparison finds both.
 */
export function string(on: Variables, ...then: Code[]): Code {
  const { bytes, constants } = on;
  const isEnd = v128.le8_u(
    v128.xor(get(bytes), constants.byte(TURNED_BIT)),
    constants.byte(QUOTE ^ TURNED_BIT),
  );
  const isStop = v128.or(isEnd, v128.eq8(get(bytes), constants.byte(BACKSLASH)));
  const isQuote = isByte(on, QUOTE);
  return whenMostly(isQuote, step(on, 1), seek(on, isStop), whenMostly(isQuote, ...then));
}

/** Steps over blanks, of which there is mostly none or one. The newline is none: it ends the line. */
export function blanks(on: Variables): Code {
  const mayBe = i32.le_u(i32.load8(get(on.p)), i32.const(BLANK));
  return when(
    mayBe,
    when(isByte(on, BLANK), step(on, 1)),
    whenRarely(
      mayBe,
      block(
        "no blank",
        loop("blank", brIf("no blank", i32.eqz(isOneOf(on, [BLANK, TAB, RETURN]))), step(on, 1), br("blank")),
      ),
    ),
  );
}
