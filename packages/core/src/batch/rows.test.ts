import { afterEach, expect, test, vi } from "vitest";
import { t } from "../schema/kit.ts";
import type { Schema } from "../schema/schema.ts";
import { ColumnBuilder } from "./builder.ts";
import { batchOf, rowReader, rowWriter, rowsOf } from "./rows.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

function buildersOf(schema: Schema): ColumnBuilder[] {
  return schema.fields.map((field) => new ColumnBuilder(field.type));
}

const Order = t.row({
  id: t.int64(),
  amount: t.decimal(10, 2),
  at: t.timestamp(),
  note: t.string().optional(),
});
const order = { id: 1n, amount: "9.50", at: 0 };

test("lambdas may return other forms than they read", () => {
  const instant = { epochNanoseconds: 1_500_000n };
  const batch = batchOf(Order.schema, [
    { id: 7, amount: 3n, at: new Date(5), note: undefined },
    { id: 2n ** 60n, amount: "+3.1", at: instant },
  ]);
  expect(rowsOf(batch)).toStrictEqual([
    { id: 7n, amount: "3.00", at: 5, note: null },
    { id: 2n ** 60n, amount: "3.10", at: 1.5, note: null },
  ]);
});

test("a refused value names its column and leaves the builders as they were", () => {
  const builders = buildersOf(Order.schema);
  const write = rowWriter(Order.schema);
  write(order, builders);
  expect(() => write({ ...order, at: "noon" }, builders)).toThrow(
    'Column "at" (timestamp): the string "noon" is no point in time; ' +
      "return milliseconds since 1970, a Date or a Temporal.Instant. [DF_VALUE]",
  );
  expect(() => write({ ...order, note: 5 }, builders)).toThrow('Column "note" (string)');
  expect(builders.map((builder) => builder.length)).toEqual([1, 1, 1, 1]);
  write({ ...order, note: "kept" }, builders);
  const columns = builders.map((builder) => builder.take());
  const read = rowReader(Order.schema, "all", false);
  expect(read({ ...batchOf(Order.schema, [order, order]), columns }, 1)).toStrictEqual({
    ...order,
    note: "kept",
  });
});

test("a missing column is null where it is optional, and refused where it is not", () => {
  expect(rowsOf(batchOf(Order.schema, [order]))).toStrictEqual([{ ...order, note: null }]);
  const { amount: _, ...rest } = order;
  expect(() => batchOf(Order.schema, [rest])).toThrow('Column "amount" (decimal(10,2)): is missing');
  expect(() => batchOf(Order.schema, [{ ...order, amount: null }])).toThrow("is null");
});

test("a column that is not declared is refused by name, in whichever row it comes", () => {
  const extra = { ...order, vat: 1 };
  const builders = buildersOf(Order.schema);
  const write = rowWriter(Order.schema);
  expect(() => write(extra, builders)).toThrow('a column "vat" that is not declared');
  write({ ...order, note: "x" }, builders);
  expect(() => write(extra, builders)).toThrow("the columns are: id, amount, at, note. [DF_VALUE]");
  expect(() => write({ ...extra, note: undefined }, builders)).toThrow("vat");
  expect(builders.map((builder) => builder.length)).toEqual([1, 1, 1, 1]);
});

test("a mistyped column is named, not the one that is missing for it", () => {
  const { amount, ...rest } = order;
  expect(() => batchOf(Order.schema, [{ ...rest, amuont: amount }])).toThrow('"amuont"');
});

test("what is no object is refused as a row", () => {
  const write = rowWriter(Order.schema);
  for (const value of [null, undefined, 5, "x", [1], () => order]) {
    expect(() => write(value, buildersOf(Order.schema))).toThrow("DF_VALUE");
  }
});

test("each type refuses what it cannot hold", () => {
  const wrong: readonly (readonly [Schema, readonly unknown[]])[] = [
    [t.row({ x: t.bool() }).schema, [1, "true"]],
    [t.row({ x: t.int32() }).schema, [1.5, 2 ** 31, Number.NaN, Infinity, 1n, "1"]],
    [
      t.row({ x: t.int64() }).schema,
      [1.5, 2 ** 53, Number.NaN, -Infinity, 2n ** 63n, -(2n ** 63n) - 1n, "1"],
    ],
    [t.row({ x: t.int() }).schema, [2n ** 53n, 0.1]],
    [t.row({ x: t.float64() }).schema, ["1", 1n, true]],
    [t.row({ x: t.decimal(4, 2) }).schema, [1.5, "100.00", "0.001", 100n]],
    [t.row({ x: t.string() }).schema, [1, "\ud800", "a\udc00b", Symbol("x")]],
    [t.row({ x: t.enum("a", "b") }).schema, ["c", "", "A"]],
    [t.row({ x: t.bytes() }).schema, ["x", [1], new Uint16Array(1)]],
    [t.row({ x: t.timestamp() }).schema, ["2026-01-01", Number.NaN, 1e13]],
    [t.row({ x: t.date() }).schema, ["2026-02-30", 5, new Date(0)]],
    [t.row({ x: t.json() }).schema, [1n, () => 1, Number.NaN, Symbol("x"), { deep: [1n] }]],
  ];
  for (const [schema, values] of wrong) {
    const builders = buildersOf(schema);
    const write = rowWriter(schema);
    for (const x of values) expect(() => write({ x }, builders)).toThrow(/^Column "x" .*\[DF_VALUE\]$/);
    expect(builders[0]?.length).toBe(0);
  }
});

test("what is no integer is refused with the remedy of its declaration", () => {
  const write = (schema: Schema) => () => rowWriter(schema)({ x: 0.5 }, buildersOf(schema));
  expect(write(t.row({ x: t.int() }).schema)).toThrow("return a whole number below 2^53");
  expect(write(t.row({ x: t.int64() }).schema)).toThrow("return a bigint");
});

test("columns with names that every object has are not taken from its prototype", () => {
  const { schema } = t.row({
    ["__proto__"]: t.json().optional(),
    constructor: t.string().optional(),
    toString: t.string().optional(),
  });
  for (const generate of [true, false]) {
    const batch = batchOf(schema, [{}, { ["__proto__"]: { a: 1 }, constructor: "c", toString: "t" }]);
    const read = rowReader(schema, "all", generate);
    expect(Object.entries(read(batch, 0)).map(([, value]) => value)).toEqual([null, null, null]);
    expect(Object.entries(read(batch, 1)).map(([, value]) => value)).toEqual([{ a: 1 }, "c", "t"]);
    expect(Object.getPrototypeOf(read(batch, 1))).toBe(Object.prototype);
  }
});

test("−0 of an integer is 0", () => {
  const batch = batchOf(t.row({ long: t.int(), short: t.int32() }).schema, [{ long: -0, short: -0 }]);
  expect(rowsOf(batch)).toStrictEqual([{ long: 0, short: 0 }]);
});

test("a JSON null is kept where the column cannot be null", () => {
  expect(rowsOf(batchOf(t.row({ x: t.json() }).schema, [{ x: null }]))).toEqual([{ x: null }]);
});

test("a reader gives only the columns it is asked for, in their order", () => {
  const batch = batchOf(Order.schema, [order]);
  for (const generate of [true, false]) {
    expect(Object.keys(rowReader(Order.schema, [2, 0], generate)(batch, 0))).toEqual(["at", "id"]);
  }
  expect(() => rowReader(Order.schema, [4], true)).toThrow("DF_NO_COLUMN");
});

test("bytes are copied, also those of a Buffer", () => {
  const { schema } = t.row({ x: t.bytes() });
  const batch = batchOf(schema, [{ x: Uint8Array.of(1, 2) }]);
  const [column] = batch.columns;
  const bytes = column?.layout === "text" ? column.bytes : new Uint8Array();
  const inBuffer = { ...batch, columns: [{ ...column, bytes: Buffer.from(bytes.buffer) }] } as typeof batch;
  const { x } = rowReader(schema, "all", true)(inBuffer, 0);
  bytes.fill(9);
  expect(x).toEqual(Uint8Array.of(1, 2));
});

test("an int64 beyond 2^53 is refused where it is read as a number", () => {
  const batch = batchOf(t.row({ x: t.int64() }).schema, [{ x: 2n ** 53n }]);
  for (const generate of [true, false]) {
    const read = rowReader(t.row({ x: t.int() }).schema, "all", generate);
    expect(() => read(batch, 0)).toThrow("9007199254740992 is beyond 2^53");
  }
});

test("where code may not be generated the interpreted reader is used", () => {
  vi.stubGlobal("Function", () => {
    throw new EvalError("Code generation from strings disallowed for this context");
  });
  const batch = batchOf(Order.schema, [order]);
  expect(rowReader(Order.schema, "all", true)(batch, 0)).toStrictEqual({ ...order, note: null });
});

test("a delete of an upsert stream needs its key only", () => {
  const batch = batchOf(Order.schema, [order, { id: 2n }], { change: "upsert", diffs: [1, -1] });
  expect(rowsOf(batch)[1]).toStrictEqual({ id: 2n, amount: null, at: null, note: null });
  expect(() => batchOf(Order.schema, [{ id: 2n }], { change: "retract", diffs: [-1] })).toThrow("is missing");
});

test("event times come from a timestamp column or from numbers", () => {
  const rows = [
    { ...order, at: 1.5 },
    { ...order, at: 2 },
  ];
  expect([...batchOf(Order.schema, rows, { times: "at" }).times]).toEqual([1500, 2000]);
  expect([...batchOf(Order.schema, rows, { times: [7, 8] }).times]).toEqual([7, 8]);
  expect([...batchOf(Order.schema, rows).times]).toEqual([-Infinity, -Infinity]);
  expect(batchOf(Order.schema, rows, { clocks: [1, 2] }).clocks).toEqual(Float64Array.of(1, 2));
  expect(() => batchOf(Order.schema, rows, { times: "id" })).toThrow("no timestamp");
  expect(() => batchOf(Order.schema, rows, { times: [7] })).toThrow("There are 1 times for 2 rows");
});

test("a batch has at least one row and at most 4096", () => {
  expect(() => batchOf(Order.schema, [])).toThrow("DF_VALUE");
  expect(() =>
    batchOf(
      Order.schema,
      Array.from({ length: 4097 }, () => order),
    ),
  ).toThrow("DF_VALUE");
  expect(
    batchOf(
      Order.schema,
      Array.from({ length: 4096 }, () => order),
    ).length,
  ).toBe(4096);
});
