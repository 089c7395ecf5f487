/** Pieces of kernels that look at eight bytes of a text at once. Up to seven behind it are read. */
import { get, i32, i64 } from "@df/core/wasm/code";
import type { Code, Local } from "@df/core/wasm/code";

/** The next eight bytes of a text of `length` bytes at `start`, of which `left` are left; or those `offset` behind. */
export function wordAt(start: Local, length: Local, left: Local, offset = 0): Code {
  return i64.load(i32.add(get(start), i32.sub(get(length), get(left))), offset);
}

/** Of eight bytes the first `left`, which are fewer; the others are 0. */
export function tail(word: Code, left: Local): Code {
  const bits = i64.fromU32(i32.shl(get(left), i32.const(3)));
  return i64.and(word, i64.sub(i64.shl(i64.const(1n), bits), i64.const(1n)));
}
