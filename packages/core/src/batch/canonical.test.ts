import { expect, test } from "vitest";
import { t } from "../schema/kit.ts";
import type { Schema } from "../schema/schema.ts";
import type { Batch } from "./batch.ts";
import { ColumnBuilder } from "./builder.ts";
import { CanonicalCodec, hash128, keyGroupOf } from "./canonical.ts";
import { batchOf } from "./rows.ts";

const Everything = t.row({
  bool: t.bool(),
  int32: t.int32(),
  int64: t.int64(),
  int: t.int(),
  float64: t.float64(),
  decimal: t.decimal(10, 2),
  string: t.string(),
  bytes: t.bytes(),
  timestamp: t.timestamp(),
  date: t.date(),
  json: t.json(),
  absent: t.string().nullable(),
});

const row = {
  bool: true,
  int32: -2,
  int64: -(2n ** 63n),
  int: 9007199254740991,
  float64: -1.5,
  decimal: "-1.20",
  string: "é\0",
  bytes: Uint8Array.of(0, 255),
  timestamp: 1.5,
  date: "1969-12-31",
  json: [1],
  absent: null,
};

function hexOf(batch: Batch, index = 0): string {
  return Buffer.from(new CanonicalCodec(batch.schema).encode(batch, index)).toString("hex");
}

test("canonical bytes of each type are frozen", () => {
  expect(hexOf(batchOf(Everything.schema, [row]))).toBe(
    [
      "0101",
      "017ffffffffffffffe",
      "010000000000000000",
      "01801fffffffffffff",
      "014007ffffffffffff",
      "017fffffffffffff88",
      "01c3a900ff0000",
      "0100ffff0000",
      "0180000000000005dc",
      "017fffffffffffffff",
      "015b315d0000",
      "00",
    ].join(""),
  );
});

test("key groups are frozen", () => {
  const batch = batchOf(t.row({ user: t.string(), shop: t.int() }).schema, [
    { user: "", shop: 0 },
    { user: "ada", shop: 1 },
    { user: "grace", shop: -1 },
  ]);
  const both = new CanonicalCodec(batch.schema);
  const shop = new CanonicalCodec(batch.schema, [1]);
  // By mmh3 in Python over the bytes that the codec's docstring describes.
  expect([0, 1, 2].map((index) => both.keyGroup(batch, index))).toEqual([83, 97, 86]);
  expect([0, 1, 2].map((index) => shop.keyGroup(batch, index))).toEqual([48, 105, 58]);
});

test("the key group is the upper seven bits of the hash of the canonical bytes", () => {
  const batch = batchOf(Everything.schema, [row]);
  const codec = new CanonicalCodec(batch.schema, [6, 2]);
  const bytes = codec.encode(batch, 0).slice();
  const hash = new Uint32Array(4);
  hash128(bytes, 0, bytes.length, hash);
  expect(codec.keyGroup(batch, 0)).toBe(keyGroupOf(hash));
  expect(keyGroupOf(Uint32Array.of(0xffffffff, 0, 0, 0))).toBe(127);
});

test("−0 is encoded as 0, and every NaN as one", () => {
  const { schema } = t.row({ x: t.float64() });
  const batch = batchOf(schema, [{ x: -0 }, { x: 0 }, { x: Number.NaN }, { x: 0 }]);
  const [x] = batch.columns;
  if (x?.layout === "double") new BigUint64Array(x.values.buffer)[3] = 0xfff8000000000123n;
  expect(hexOf(batch, 0)).toBe(hexOf(batch, 1));
  expect(hexOf(batch, 2)).toBe("01fff8000000000000");
  expect(hexOf(batch, 3)).toBe(hexOf(batch, 2));
});

test("an int64 has the same bytes as a double, as a bigint and as an int32", () => {
  const long = t.row({ n: t.int64() }).schema;
  const short = t.row({ n: t.int32() }).schema;
  for (const n of [0n, -1n, 1n, 2n ** 31n - 1n, -(2n ** 31n)]) {
    const narrow = batchOf(long, [{ n }]);
    const wide = batchOf(long, [{ n }, { n: 2n ** 60n }]);
    expect(wide.columns[0]?.layout === "long" && wide.columns[0].values).toBeInstanceOf(BigInt64Array);
    expect(hexOf(wide)).toBe(hexOf(narrow));
    expect(hexOf(batchOf(short, [{ n: Number(n) }]))).toBe(hexOf(narrow));
  }
});

test("texts longer than the codec's first buffer are encoded and decoded", () => {
  const { schema } = t.row({ a: t.string(), b: t.string(), n: t.int() });
  const long = "\0x".repeat(5000);
  const batch = batchOf(schema, [{ a: long, b: long, n: 1 }]);
  const codec = new CanonicalCodec(schema);
  const builders = schema.fields.map((field) => new ColumnBuilder(field.type));
  const bytes = codec.encode(batch, 0).slice();
  codec.decode(bytes, builders);
  const decoded: Batch = { ...batch, columns: builders.map((builder) => builder.take()) };
  expect(bytes.length).toBe(2 * (1 + 15_000 + 2) + 9);
  expect(hexOf(decoded)).toBe(Buffer.from(bytes).toString("hex"));
});

test("bytes that are not canonical bytes of the columns are refused as corrupt", () => {
  const { schema } = t.row({ s: t.string(), n: t.int(), b: t.bool() });
  const refuse = (hex: string, of: Schema = schema): void => {
    const builders = of.fields.map((field) => new ColumnBuilder(field.type));
    const codec = new CanonicalCodec(of);
    expect(() => codec.decode(Buffer.from(hex, "hex"), builders)).toThrow("DF_CORRUPT");
  };
  const whole = "01610000" + "018000000000000001" + "0101";
  for (let length = 0; length < whole.length; length += 2) refuse(whole.slice(0, length));
  refuse(`${whole}00`);
  refuse(`02${whole.slice(2)}`);
  refuse(whole.replace("610000", "610001"));
  refuse(`${whole.slice(0, -2)}02`);
});

test("a column that the schema does not have is refused", () => {
  expect(() => new CanonicalCodec(Everything.schema, [12])).toThrow("DF_NO_COLUMN");
});

test("the key group of a key that outgrows the scratch buffer is that of its bytes", () => {
  const { schema } = t.row({ s: t.string() });
  const batch = batchOf(schema, [{ s: "x".repeat(5000) }]);
  const hash = new Uint32Array(4);
  const bytes = new CanonicalCodec(schema).encode(batch, 0);
  hash128(bytes, 0, bytes.length, hash);
  expect(new CanonicalCodec(schema).keyGroup(batch, 0)).toBe(keyGroupOf(hash));
});
