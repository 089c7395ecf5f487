import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteSink } from "../byte-sink.ts";
import { writeHybrid } from "./hybrid.ts";

/** The values as the specification says that they are read, bit by bit. */
function read(bytes: Uint8Array, width: number, count: number): number[] {
  const values: number[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const header = varint();
    const length = header >> 1;
    if (header % 2 === 0) {
      let value = 0;
      for (let i = 0; i < Math.ceil(width / 8); i++) value += (bytes[at++] ?? 0) * 256 ** i;
      values.push(...Array.from({ length }, () => value));
      continue;
    }
    for (let i = 0; i < length * 8; i++) {
      let value = 0;
      for (let bit = 0; bit < width; bit++) {
        const place = i * width + bit;
        value += (((bytes[at + (place >> 3)] ?? 0) >> (place & 7)) & 1) * 2 ** bit;
      }
      values.push(value);
    }
    at += length * width;
  }
  // Only the last group of eight may be filled up.
  expect(values.length - count).toBeLessThan(8);
  return values.slice(0, count);
}

const input = fc.integer({ min: 1, max: 24 }).chain((width) =>
  fc.record({
    width: fc.constant(width),
    runs: fc.array(
      fc.record({
        value: fc.integer({ min: 0, max: 2 ** width - 1 }),
        count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 20, max: 90 })),
      }),
      { minLength: 1, maxLength: 40 },
    ),
    skipped: fc.nat({ max: 9 }),
  }),
);

test("runs and packed groups hold the values, wherever runs begin and end", () => {
  fc.assert(
    fc.property(input, ({ width, runs, skipped }) => {
      const values = runs.flatMap(({ value, count }) => Array.from({ length: count }, () => value));
      const start = Math.min(skipped, values.length - 1);
      const out = new ByteSink(0);
      writeHybrid(Int32Array.from(values), { start, end: values.length }, width, out);
      expect(read(out.slice(), width, values.length - start)).toEqual(values.slice(start));
    }),
  );
});
