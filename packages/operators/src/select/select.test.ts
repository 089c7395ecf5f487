import { describe, expect, test } from "vitest";
import { t, type ColumnType, type Shape } from "@df/core";
import { openOperator, type PlainRow } from "@df/testing";
import { column, literal, type Expression } from "./expression.ts";
import { select } from "./select.ts";

const Row = t.row({
  id: t.string(),
  n: t.int64(),
  count: t.int(),
  x: t.float64(),
  price: t.decimal(9, 2),
  note: t.string().nullable(),
  day: t.date(),
  at: t.timestamp(),
  kind: t.enum("a", "b").nullable(),
});
const row: PlainRow = {
  id: "é1",
  n: 7n,
  count: 3,
  x: 0.5,
  price: "1.50",
  note: null,
  day: "2026-01-31",
  at: 1.5,
  kind: null,
};
const shape: Shape = { schema: Row.schema, change: "append", key: [], timed: false };

function evaluate(expression: Expression, changes: PlainRow = {}): unknown {
  const harness = openOperator(select({ expressions: { r: expression } }), [{ schema: Row.schema }]);
  harness.push([{ ...row, ...changes }]);
  const [made] = harness.take();
  return made === undefined ? harness.rejected[0]?.reason : made["r"];
}

const add = (left: Expression, right: Expression): Expression => ({
  kind: "arithmetic",
  op: "add",
  left,
  right,
});
const cast = (of: Expression, to: ColumnType): Expression => ({ kind: "cast", of, to });

describe("a literal without a type takes that of what it is combined with", () => {
  const cases: [Expression, Expression, unknown][] = [
    [column("n"), literal(1), 8n],
    [column("count"), literal(1), 4],
    [column("count"), literal(0.5), 3.5],
    [column("x"), literal(1), 1.5],
    [column("price"), literal("0.125"), "1.625"],
    [literal(1n), column("count"), 4n],
  ];
  test.for(cases)("%o + %o is %s", ([left, right, sum]) => {
    expect(evaluate(add(left, right))).toEqual(sum);
  });
  test("also in comparisons with dates and points in time", () => {
    const compare = (name: string, value: string | number): unknown =>
      evaluate({ kind: "compare", op: "eq", left: column(name), right: literal(value) });
    expect(compare("day", "2026-01-31")).toBe(true);
    expect(compare("at", 1.5)).toBe(true);
    expect(evaluate({ kind: "orElse", of: column("kind"), value: literal("b") })).toBe("b");
  });
});

describe("a cast is exact, or the row is refused", () => {
  const DECIMAL: ColumnType = { kind: "decimal", precision: 5, scale: 1 };
  const INT64: ColumnType = { kind: "int64", as: "bigint" };
  const STRING: ColumnType = { kind: "string" };
  const text = (value: string): Expression => literal(value);
  const cases: [Expression, ColumnType, unknown][] = [
    [text("-12"), INT64, -12n],
    [text("1.0"), INT64, '"1.0" is no integer'],
    [text("1e3"), { kind: "float64" }, 1000],
    [text("Infinity"), { kind: "float64" }, '"Infinity" is no number'],
    [text("yes"), { kind: "bool" }, '"yes" is neither true nor false'],
    [text("2026-02-28"), { kind: "date" }, "2026-02-28"],
    [text("3000000000"), { kind: "int32" }, expect.stringContaining("is no 32-bit integer")],
    [column("price"), DECIMAL, "1.5"],
    [column("price"), INT64, "1.50 is no integer"],
    [column("price"), STRING, "1.50"],
    [column("price"), { kind: "float64" }, 1.5],
    [column("x"), INT64, "0.5 is no integer"],
    [column("x"), DECIMAL, "0.5"],
    [column("n"), DECIMAL, "7.0"],
    [column("n"), STRING, "7"],
    [column("day"), STRING, "2026-01-31"],
    [literal(2n ** 53n), { kind: "float64" }, "9007199254740992 is beyond 2^53 and no exact float64"],
    [column("note"), INT64, null],
  ];
  test.for(cases)("%o to %o is %s", ([of, to, value]) => {
    expect(evaluate(cast(of, to))).toEqual(value);
  });
});

test("what is refused where the value is not asked for refuses nothing", () => {
  const operator = select({
    expressions: {
      r: {
        kind: "orElse",
        of: column("note"),
        value: cast(cast(column("id"), { kind: "int32" }), { kind: "string" }),
      },
    },
  });
  const harness = openOperator(operator, [{ schema: Row.schema }]);
  harness.push([
    { ...row, note: "kept" },
    { ...row, id: "12" },
    { ...row, id: "x" },
  ]);
  expect(harness.take()).toEqual([{ r: "kept" }, { r: "12" }]);
  expect(harness.rejected.map(({ reason }) => reason)).toEqual(['"x" is no integer']);
  const broken = cast(column("id"), { kind: "int64", as: "bigint" });
  expect(evaluate({ kind: "orElse", of: column("n"), value: broken })).toBe(7n);
  const none: Expression = cast(column("note"), { kind: "int64", as: "bigint" });
  expect(evaluate({ kind: "orElse", of: none, value: broken })).toBe('"é1" is no integer');
});

test("a row that is refused goes with the first of its reasons, and the others stay", () => {
  const operator = select({
    all: true,
    expressions: { q: { kind: "arithmetic", op: "div", left: literal(10n), right: column("n") } },
  });
  const harness = openOperator(operator, [{ schema: Row.schema }]);
  harness.push([5n, 0n, 3n].map((n) => ({ ...row, n })));
  expect(harness.take().map((each) => [each["n"], each["q"]])).toEqual([
    [5n, 2n],
    [3n, 3n],
  ]);
  expect(harness.rejected.map(({ reason }) => reason)).toEqual(["division by zero"]);
  expect(Object.fromEntries(harness.counts)).toEqual({ passed: 2, quarantined: 1 });
});

describe("on an upsert stream", () => {
  const input = { schema: Row.schema, change: "upsert" as const, key: ["id"] };
  test("the key is handed on, and a delete stays a delete, computed or not", () => {
    const expressions = {
      id: column("id"),
      isOpen: { kind: "isNull", of: column("note") },
      q: { kind: "arithmetic", op: "div", left: literal(10n), right: column("n") },
    } satisfies Record<string, Expression>;
    const harness = openOperator(select({ expressions }), [input]);
    harness.pushLog([{ row }, { row: { id: "b" }, diff: -1 }]);
    expect(harness.output().map((change) => [change.diff, change.row])).toEqual([
      [1, { id: "é1", isOpen: true, q: 1n }],
      [-1, { id: "b" }],
    ]);
    expect(harness.rejected).toEqual([]);
  });
  test("a key that is dropped or computed is refused", () => {
    const upserts: Shape = { ...shape, change: "upsert", key: ["id"] };
    expect(() => select({ expressions: { n: column("n") } }).outputs([upserts])).toThrow(
      /drops "id".*DF_KEY_LOST/,
    );
    expect(() =>
      select({ expressions: { id: { kind: "lower", of: column("id") } } }).outputs([upserts]),
    ).toThrow(/computes "id".*DF_KEY_LOST/);
  });
});

describe("mistakes are found when the graph is built", () => {
  const cases: [string, Expression][] = [
    ["DF_NO_COLUMN", column("m")],
    ["add takes .* not string", add(column("id"), column("n"))],
    ["add of int64 and float64 would round", add(column("n"), column("x"))],
    [
      "eq cannot compare string with int64",
      { kind: "compare", op: "eq", left: column("id"), right: column("n") },
    ],
    ["lower takes string, not int64", { kind: "lower", of: column("n") }],
    ["cannot be cast to timestamp", cast(column("id"), { kind: "timestamp", json: "iso" })],
    ["A null needs a type", { kind: "isNull", of: literal(null) }],
    ['"c" is no string', { kind: "orElse", of: column("kind"), value: literal("c") }],
  ];
  test.for(cases)("%s", ([message, expression]) => {
    expect(() => select({ expressions: { r: expression } }).outputs([shape])).toThrow(new RegExp(message));
  });
});

test("with all, columns are replaced in their place, new ones follow, and those nobody wants are not needed", () => {
  const operator = select({ all: true, expressions: { n: column("count"), m: column("x") } });
  const names = operator.outputs([shape])[0]?.schema.fields.map(({ name }) => name);
  expect(names).toEqual(["id", "n", "count", "x", "price", "note", "day", "at", "kind", "m"]);
  expect(operator.needs([new Set(["m", "n", "note"])], [Row.schema])).toEqual([
    new Set(["count", "x", "note"]),
  ]);
});
