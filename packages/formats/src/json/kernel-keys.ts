/** The piece of a kernel that goes to the code for a key. */
import { block, br, brTable, get, i32, i64, select, set } from "@df/core/wasm/code";
import type { Code, Local } from "@df/core/wasm/code";
import { literal } from "../kernel/tokens.ts";
import type { Variables } from "../kernel/variables.ts";
import { MIXING, placesOf } from "./key-places.ts";
import type { KeyPlaces } from "./key-places.ts";
import { QUOTE, string } from "./kernel-tokens.ts";

/** A key in UTF-8 without escapes, and what is done behind its closing quote; that leaves all blocks here. */
export interface KeyCode {
  readonly bytes: Uint8Array;
  readonly code: Code;
}

/**
 * Does what is to be done for the key whose first byte stands at `p`; goes on behind this code, with `p` anywhere, where
 * it is none of these. `key` becomes the address of its first byte. Bytes that are equal to those of a name are UTF-8, so
 * nobody is told that they were looked at.
 */
export function dispatch(on: Variables, key: Local, keys: readonly KeyCode[]): Code {
  const places = placesOf(keys.map(({ bytes }) => bytes));
  const labels = places.keys.map((there, place) => (there.length > 0 ? `place ${place}` : "other key"));
  const codeFor = ({ bytes, code }: KeyCode): Code => [
    block("another", literal(on, Uint8Array.of(...bytes, QUOTE), "another"), code),
    set(on.p, get(key)),
  ];
  const blocks = places.keys.reduce<Code>(
    (inner, there, place) => {
      const codes = there.map((at) => codeFor(keys[at] as KeyCode));
      return codes.length === 0 ? inner : [block(`place ${place}`, inner), codes, br("other key")];
    },
    brTable(labels, "other key", placeOf(on, places)),
  );
  const words = places.window === undefined ? wholeWords(on, key) : [];
  return [set(key, get(on.p)), words, block("other key", blocks)];
}

/** The place of a key: of the bytes at `p`, or of the words in `w`. */
function placeOf({ p, w }: Variables, { window, multipliers, bits }: KeyPlaces): Code {
  const [one, other] = multipliers.map((multiplier) => i32.const(multiplier)) as [Code, Code];
  const first = window === undefined ? i32.wrap(get(w)) : i32.load(get(p), window.at);
  const second =
    window === undefined ? i32.wrap(i64.shr_u(get(w), i64.const(32n))) : i32.load(get(p), window.at + 4);
  const sum =
    multipliers[1] === 0 ? i32.mul(first, one) : i32.add(i32.mul(first, one), i32.mul(second, other));
  return i32.shr_u(sum, i32.const(32 - bits));
}

/** Makes `w` of a key as `placesOf` does, going to its end and back. */
function wholeWords(on: Variables, key: Local): Code {
  const { p, n, w, x, bits } = on;
  const open = i32.sub(get(key), i32.const(1));
  const isShort = i32.lt_s(get(n), i32.const(8));
  return [
    set(p, open),
    string(on),
    // With the opening quote. A key with escapes gets any place: it is compared in full.
    set(n, i32.sub(get(p), open)),
    set(
      bits,
      i64.shl(i64.sub(i64.const(8n), i64.fromI32(select(get(n), i32.const(8), isShort))), i64.const(3n)),
    ),
    set(w, i64.shl(i64.load(open), get(bits))),
    set(x, i64.shr_u(i64.load(i32.sub(get(p), i32.const(8))), get(bits))),
    set(w, i64.add(i64.xor(get(w), i64.fromI32(get(n))), i64.mul(get(x), i64.const(MIXING)))),
    set(p, get(key)),
  ];
}
