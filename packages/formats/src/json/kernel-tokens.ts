/** The piece of a kernel that steps over a string of JSON. */
import { get, v128, when } from "../wasm/code.ts";
import type { Code } from "../wasm/code.ts";
import { isByte, seek, step } from "../kernel/tokens.ts";
import type { Variables } from "../kernel/variables.ts";

/** Begins and ends a string. */
export const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const TURNED_BIT = v128.splat(0x02);
const QUOTES = v128.splat(QUOTE ^ 0x02);
const BACKSLASHES = v128.splat(BACKSLASH);

/**
 * Goes to the end of a string without escapes, and there does what is said, with `p` at the closing quote. With one bit
 * turned round the quote is the byte behind all control characters, so one comparison finds both.
 */
export function string(on: Variables, ...then: Code[]): Code {
  const { bytes } = on;
  const isEnd = v128.le8_u(v128.xor(get(bytes), TURNED_BIT), QUOTES);
  const isStop = v128.or(isEnd, v128.eq8(get(bytes), BACKSLASHES));
  const isQuote = isByte(on, QUOTE);
  return when(isQuote, step(on, 1), seek(on, isStop), when(isQuote, ...then));
}
