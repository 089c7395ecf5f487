/** The piece of a kernel that steps over a string of JSON. */
import { get, v128, whenMostly } from "@df/core/wasm/code";
import type { Code } from "@df/core/wasm/code";
import { isByte, seek, step } from "../kernel/tokens.ts";
import type { Variables } from "../kernel/variables.ts";

/** Begins and ends a string. */
export const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const TURNED_BIT = 0x02;

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
