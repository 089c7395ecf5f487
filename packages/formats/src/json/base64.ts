import { Refused } from "./refused.ts";

const NONE = 255;
const VALUES = new Uint8Array(256).fill(NONE);
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
for (let value = 0; value < 64; value++) VALUES[LETTERS.charCodeAt(value)] = value;
const PAD = 0x3d;

/**
 * Decodes `from[start .. end)`, base64 with padding as in RFC 4648 section 4, to `into` at `to`, and returns the place
 * behind it. Needs room for three bytes per four letters.
 * @throws Refused for anything else, also for bits that no byte takes up: each value has one spelling
 */
export function fromBase64(
  from: { readonly bytes: Uint8Array; readonly start: number; readonly end: number },
  into: Uint8Array,
  to: number,
): number {
  const { bytes, start, end } = from;
  if ((end - start) % 4 !== 0) throw new Refused("is no base64: its length is no multiple of 4");
  if (start === end) return to;
  const pads = bytes[end - 1] !== PAD ? 0 : bytes[end - 2] !== PAD ? 1 : 2;
  let bits = 0;
  let seen = 0;
  for (let i = start; i < end - pads; i++) {
    const value = VALUES[bytes[i] as number] as number;
    if (value === NONE) throw new Refused("is no base64: A–Z, a–z, 0–9, +, / expected");
    bits = ((bits << 6) | value) & 0xffffff;
    if (++seen % 4 === 0) {
      into[to++] = bits >> 16;
      into[to++] = (bits >> 8) & 255;
      into[to++] = bits & 255;
    }
  }
  if (pads === 1) {
    into[to++] = (bits >> 10) & 255;
    into[to++] = (bits >> 2) & 255;
  } else if (pads === 2) into[to++] = (bits >> 4) & 255;
  const unused = pads === 1 ? bits & 3 : pads === 2 ? bits & 15 : 0;
  if (unused !== 0) throw new Refused("is no base64: it ends in bits that belong to no byte");
  return to;
}
