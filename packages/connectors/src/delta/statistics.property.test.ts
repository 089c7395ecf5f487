import { unicodeText } from "@df/testing/unicode-text";
import fc from "fast-check";
import { expect, test } from "vitest";
import { lowerBound, upperBound } from "./statistics.ts";

const anyText = unicodeText(80);

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

test("text lies between its bounds in the order of UTF-8 bytes, and bounds have at most 32 characters", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const low = JSON.parse(lowerBound({ kind: "string" }, text) ?? '""') as string;
      expect(compareBytes(low, text)).toBeLessThanOrEqual(0);
      const high = upperBound({ kind: "string" }, text);
      if (high === undefined) return;
      const bound = JSON.parse(high) as string;
      expect(compareBytes(text, bound)).toBeLessThanOrEqual(0);
      expect(Array.from(bound).length).toBeLessThanOrEqual(32);
    }),
    { numRuns: 1000 },
  );
});

test("times lie between their bounds, which are less than a millisecond away", () => {
  const type = { kind: "timestamp", json: "iso" } as const;
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 }), (at) => {
      const millis = (json: string | undefined): bigint =>
        BigInt(Date.parse(JSON.parse(json ?? "") as string)) * 1000n;
      const low = millis(lowerBound(type, BigInt(at)));
      const high = millis(upperBound(type, BigInt(at)));
      expect(low <= BigInt(at) && BigInt(at) - low < 1000n).toBe(true);
      expect(high >= BigInt(at) && high - BigInt(at) < 1000n).toBe(true);
    }),
  );
});
