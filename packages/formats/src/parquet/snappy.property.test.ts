import fc from "fast-check";
import { snappyUncompress } from "hyparquet";
import { expect, test } from "vitest";
import { ByteSink } from "../byte-sink.ts";
import { compressSnappy } from "./snappy.ts";

function compressed(bytes: Uint8Array): Uint8Array {
  const source = new ByteSink(0);
  source.append(bytes);
  const out = new ByteSink(0);
  compressSnappy(source, out);
  return out.slice();
}

function roundTrip(bytes: Uint8Array): Uint8Array {
  const back = new Uint8Array(bytes.length);
  snappyUncompress(compressed(bytes), back);
  return back;
}

/** Pieces of random bytes and of bytes that came before, from near and from far. */
const redundant = fc
  .array(
    fc.record({
      fresh: fc.uint8Array({ maxLength: 300 }),
      back: fc.nat({ max: 70_000 }),
      length: fc.oneof(fc.nat({ max: 80 }), fc.nat({ max: 5000 })),
    }),
    { maxLength: 60 },
  )
  .map((pieces) => {
    const sink = new ByteSink();
    for (const { fresh, back, length } of pieces) {
      sink.append(fresh);
      const from = Math.max(0, sink.length - 1 - back);
      for (let i = 0; i < length && sink.length > 0; i++) sink.byte(sink.bytes[from + i] as number);
    }
    return sink.slice();
  });

test("whatever is compressed comes back", () => {
  fc.assert(
    fc.property(fc.oneof(redundant, fc.uint8Array({ maxLength: 400 })), (bytes) => {
      expect(Buffer.compare(roundTrip(bytes), bytes)).toBe(0);
    }),
  );
});

test("every length around the borders of tags and fragments comes back, repeated and not", () => {
  const borders = [0, 4, 15, 16, 60, 64, 68, 256, 2048, 65_536, 131_072];
  for (const border of borders) {
    for (let size = Math.max(0, border - 3); size <= border + 3; size++) {
      for (const period of [1, 7, 3000, 1e9]) {
        const bytes = Uint8Array.from({ length: size }, (_, i) => Math.imul(i % period, 0x9e3779b1) >>> 24);
        expect(Buffer.compare(roundTrip(bytes), bytes), `${size} bytes, period ${period}`).toBe(0);
      }
    }
  }
});

test("bytes that repeat become few, and bytes that do not barely grow", () => {
  const text = new TextEncoder().encode("the same line again\n".repeat(10_000));
  expect(compressed(text).length).toBeLessThan(text.length / 15);
  const noise = Uint8Array.from({ length: 200_000 }, (_, i) => Math.imul(i ^ (i >> 7), 0x85ebca6b) >>> 21);
  expect(compressed(noise).length).toBeLessThan(noise.length * 1.01);
});
