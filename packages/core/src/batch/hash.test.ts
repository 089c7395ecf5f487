import { expect, test } from "vitest";
import { hash128, hashRows } from "./hash.ts";

/** From mmh3 5 (Python): `mmh3.hash_bytes(data, 0, x64arch=False)`. */
const VECTORS: readonly (readonly [Uint8Array, string])[] = [
  [ascii(""), "00000000000000000000000000000000"],
  [ascii("a"), "3c9394a71bb056551bb056551bb05655"],
  [ascii("hello"), "a044242bf7de91dbb631db9ab631db9a"],
  [ascii("0123456789abcde"), "6dc4763cc018084dda33d4adfa7386a7"],
  [ascii("0123456789abcdef"), "09447dfb0ad3ae369b1dad48fd3b2b57"],
  [ascii("The quick brown fox jumps over the lazy dog"), "c383152f672ceeec6cf67b5d2c1de9e5"],
  [Uint8Array.from({ length: 256 }, (_, i) => i), "8fc8562cdf0345db1ab252d3c0a24c49"],
  [new Uint8Array(17).fill(0xff), "2085b15098c5b9573a46663a28982dc0"],
];

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function hex(bytes: Uint8Array, start: number, end: number): string {
  const words = new Uint32Array(4);
  hash128(bytes, start, end, words);
  return Buffer.from(words.buffer).toString("hex");
}

test("hash128 is MurmurHash3_x86_128 with seed 0", () => {
  for (const [bytes, expected] of VECTORS) expect(hex(bytes, 0, bytes.length)).toBe(expected);
});

test("hash128 reads nothing outside of its slice", () => {
  for (const [bytes, expected] of VECTORS) {
    const padded = new Uint8Array(bytes.length + 40).fill(0xa5);
    padded.set(bytes, 7);
    expect(hex(padded, 7, 7 + bytes.length)).toBe(expected);
  }
});

test("hashRows gives the same words for rows with zeros behind them, whatever stands further on", () => {
  const bytes = new Uint8Array(1024).fill(0xa5);
  const starts = new Int32Array(VECTORS.length);
  const ends = new Int32Array(VECTORS.length);
  let at = 3;
  for (const [row, [vector]] of VECTORS.entries()) {
    const end = at + (vector.length & ~15) + 16;
    bytes.fill(0, at, end).set(vector, at);
    starts[row] = at;
    ends[row] = at + vector.length;
    at = end;
  }
  const words = new Int32Array(VECTORS.length * 4);
  hashRows({ view: new DataView(bytes.buffer), starts, ends }, VECTORS.length, words);
  expect(Buffer.from(words.buffer).toString("hex")).toBe(VECTORS.map(([, hash]) => hash).join(""));
});
