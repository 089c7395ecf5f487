import fc from "fast-check";

const CODE_POINTS = 0x110000;
const SURROGATES_FROM = 0xd800;
const SURROGATES = 0x800;

const codePoint = fc.nat(CODE_POINTS - SURROGATES - 1).map((n) => (n < SURROGATES_FROM ? n : n + SURROGATES));
/** Names that each object has. */
const NAMES = ["length", "name", "prototype", ...Object.getOwnPropertyNames(Object.prototype)];

/**
 * Well-formed text of any characters, at times a name that each object has; `lengthMax` code points at most. What
 * `fc.string({ unit: "binary" })` gives: that one first makes a map of a million characters, which takes a second.
 */
export function unicodeText(lengthMax: number): fc.Arbitrary<string> {
  const text = fc.array(codePoint, { maxLength: lengthMax }).map((codes) => String.fromCodePoint(...codes));
  const names = NAMES.filter((name) => name.length <= lengthMax);
  return names.length === 0
    ? text
    : fc.oneof({ arbitrary: text, weight: 9 }, { arbitrary: fc.constantFrom(...names), weight: 1 });
}
