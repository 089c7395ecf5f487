import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteSink } from "../byte-sink.ts";
import { fixedBytes, fixedValue, writeFixed } from "./fixed-decimal.ts";

test("a precision has as many bytes as the format's table says", () => {
  const table = [1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8, 8];
  expect(table.map((_, i) => fixedBytes(i + 1))).toEqual(table);
});

test("values of any precision come back from their bytes, written one by one or together", () => {
  const precision = fc.integer({ min: 1, max: 18 });
  const column = precision.chain((digits) => {
    const most = 10n ** BigInt(digits) - 1n;
    return fc.tuple(fc.constant(fixedBytes(digits)), fc.array(fc.bigInt({ min: -most, max: most })));
  });
  fc.assert(
    fc.property(column, ([width, numbers]) => {
      const out = new ByteSink();
      const words = new Int32Array(BigInt64Array.from(numbers).buffer);
      const values = { kind: "int64", count: numbers.length, values: words } as const;
      writeFixed(values, { start: 0, end: numbers.length }, width, out);
      const each = numbers.map((number) => fixedValue(number, width));
      expect(out.slice()).toEqual(new Uint8Array(Buffer.concat(each)));
      const read = each.map((bytes) =>
        BigInt.asIntN(width * 8, BigInt(`0x${Buffer.from(bytes).toString("hex")}`)),
      );
      expect(read).toEqual(numbers);
    }),
  );
});
