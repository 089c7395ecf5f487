import fc from "fast-check";
import { expect, test } from "vitest";
import { ColumnBuilder } from "../batch/builder.ts";
import { appendDoubles, appendInts, appendLongs } from "./word-columns.ts";

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(0n, -1n, 2n ** 53n - 1n, 2n ** 53n, 1n - 2n ** 53n, -(2n ** 53n), 2n ** 32n, -(2n ** 32n)),
  fc.bigInt({ min: -9n, max: 2n ** 40n }),
);
const table = fc.record({
  stride: fc.integer({ min: 1, max: 3 }),
  values: fc.array(int64, { minLength: 3, maxLength: 30 }),
});

test("words of rows are appended as they would be one by one, whatever stood there before", () => {
  fc.assert(
    fc.property(table, fc.array(fc.nat(), { maxLength: 20 }), ({ stride, values }, picks) => {
      const longs = BigInt64Array.from(values);
      const ints = new Int32Array(longs.buffer);
      const words = Float64Array.from(values, Number);
      const rows = Math.floor(values.length / stride);
      const places = Int32Array.from(picks, (pick) => pick % rows);
      const at = { places, count: places.length, stride, word: stride - 1 };
      const picked = Array.from(places, (place) => place * stride + stride - 1);

      const [long, naiveLong] = [0, 1].map(() => new ColumnBuilder({ kind: "int64", as: "bigint" }, 1));
      const [double, naiveDouble] = [0, 1].map(() => new ColumnBuilder({ kind: "float64" }, 1));
      const [int, naiveInt] = [0, 1].map(() => new ColumnBuilder({ kind: "int32" }, 1));
      for (let twice = 0; twice < 2; twice++) {
        long?.null();
        naiveLong?.null();
        appendLongs(ints, longs, at, long as ColumnBuilder);
        appendDoubles(words, at, double as ColumnBuilder);
        appendInts(ints, at, int as ColumnBuilder);
        for (const i of picked) {
          naiveLong?.bigint(longs[i] as bigint);
          naiveDouble?.number(words[i] as number);
          naiveInt?.number(ints[i * 2] as number);
        }
      }
      expect(valuesOf(long)).toStrictEqual(valuesOf(naiveLong));
      expect(valuesOf(double)).toStrictEqual(valuesOf(naiveDouble));
      expect(valuesOf(int)).toStrictEqual(valuesOf(naiveInt));
    }),
  );
});

function valuesOf(builder: ColumnBuilder | undefined): unknown {
  const length = builder?.length ?? 0;
  const column = builder?.take();
  if (column === undefined || column.layout === "text") return undefined;
  return [[...column.values].slice(0, length), [...(column.validity ?? [])].slice(0, length)];
}
