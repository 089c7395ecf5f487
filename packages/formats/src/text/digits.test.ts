import { decimalText } from "@df/core/batch/cells";
import fc from "fast-check";
import { expect, test } from "vitest";
import { writeDecimal, writeInteger, writePadded, writeTrimmed } from "./digits.ts";

/** The text that a function writes, between bytes that must stay as they are. `more` bytes behind it may change. */
function written(write: (out: DataView, at: number) => number, more = 3): string {
  const bytes = new Uint8Array(64).fill(0x23);
  const end = write(new DataView(bytes.buffer), 5);
  expect(Buffer.from(bytes.subarray(0, 5)).toString()).toBe("#####");
  expect([...bytes.subarray(end + more)].every((byte) => byte === 0x23)).toBe(true);
  return Buffer.from(bytes.subarray(5, end)).toString();
}

const edges = Array.from({ length: 16 }, (_, n) => 10 ** n).flatMap((power) => [power - 1, power, power + 1]);
const integer = fc.oneof(
  fc.constantFrom(...edges, ...edges.map((edge) => -edge), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
  fc.maxSafeInteger(),
  fc.integer({ min: -100_000, max: 100_000 }),
);

test("every integer below 2^53 has the digits that String gives it", () => {
  for (const value of [...edges, ...edges.map((edge) => -edge), -0]) {
    expect(written((out, at) => writeInteger(out, at, value))).toBe(String(value));
  }
  fc.assert(
    fc.property(integer, (value) => {
      expect(written((out, at) => writeInteger(out, at, value))).toBe(String(value));
    }),
    { numRuns: 2000 },
  );
});

test("every decimal has the digits of its unscaled value, with the point where the scale says", () => {
  fc.assert(
    fc.property(integer, fc.integer({ min: 0, max: 18 }), (value, scale) => {
      expect(written((out, at) => writeDecimal(out, at, value, scale))).toBe(decimalText(value, scale));
    }),
    { numRuns: 2000 },
  );
});

test("zeros are put before a number up to the digits asked for", () => {
  expect(written((out, at) => writePadded(out, at, 0, 0))).toBe("");
  expect(written((out, at) => writePadded(out, at, 7, 3))).toBe("007");
  expect(written((out, at) => writePadded(out, at, 1_200_034, 12))).toBe("000001200034");
});

test("a decimal that is trimmed has no zeros at its end, and no point that would be last", () => {
  fc.assert(
    fc.property(integer, fc.integer({ min: 0, max: 18 }), (value, scale) => {
      const text = decimalText(value, scale);
      const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
      expect(written((out, at) => writeTrimmed(out, at, value, scale), 3 + scale)).toBe(short);
    }),
    { numRuns: 2000 },
  );
  const shortened = ["1.5", "10", "0.001", "0"];
  for (const [i, value] of [1500, 10_000, 1, 0].entries())
    expect(written((out, at) => writeTrimmed(out, at, value, 3), 6)).toBe(shortened[i]);
});
