import fc from "fast-check";
import { expect, test } from "vitest";
import { t, type ColumnType } from "@df/core";
import { openOperator, show, type PlainRow } from "@df/testing";
import { column, literal, type Expression, type Literal } from "./expression.ts";
import { naive, type Value } from "./naive.testing.ts";
import { select } from "./select.ts";

const Row = t.row({
  i: t.int32(),
  n: t.int64().nullable(),
  d: t.decimal(9, 2),
  e: t.decimal(18, 4).nullable(),
  f: t.float64(),
  g: t.float64().nullable(),
  s: t.string(),
  u: t.string().nullable(),
  b: t.bool().nullable(),
  at: t.timestamp(),
  to: t.timestamp().nullable(),
});
const int64 = fc.oneof(
  fc.bigInt({ min: -4n, max: 4n }),
  fc.constantFrom(2n ** 53n, 2n ** 53n - 1n, -(2n ** 63n), 2n ** 63n - 1n, 3n * 10n ** 9n),
);
const text = fc.oneof(
  fc.constantFrom("", "a", "Ab", " é ", "𝒳y", "ß"),
  fc.string({ maxLength: 4, unit: "grapheme" }),
);
const float = fc.constantFrom(0, -0, 1.5, -2, Number.NaN, Number.POSITIVE_INFINITY, 1e300);
const micros = fc.integer({ min: -(10 ** 15), max: 10 ** 15 });
const row = fc.record({
  i: fc.constantFrom(0, 1, -7, 2 ** 31 - 1, -(2 ** 31)),
  n: fc.option(int64),
  d: fc.constantFrom("0.00", "-0.05", "1.50", "9999999.99"),
  e: fc.option(fc.constantFrom("0.0000", "0.3333", "-2.5000", "99999999999999.9999")),
  f: float,
  g: fc.option(float),
  s: text,
  u: fc.option(text),
  b: fc.option(fc.boolean()),
  at: micros.map((value) => Math.floor(value / 1_000) + (value - Math.floor(value / 1_000) * 1_000) / 1_000),
  to: fc.option(fc.constantFrom(0, 1_700_000_000_000.5, -1)),
});

/** What a column holds, for the naive version. */
function read(plain: PlainRow, name: string): Value {
  const value = plain[name];
  if (value === null) return null;
  if (name === "i") return { int: BigInt(value as number), digits: 10, isNumber: true };
  if (name === "n") return { int: value as bigint, digits: 18 };
  if (name === "d") return { unscaled: BigInt((value as string).replace(".", "")), digits: 9, scale: 2 };
  if (name === "e") return { unscaled: BigInt((value as string).replace(".", "")), digits: 18, scale: 4 };
  if (name === "f" || name === "g") return { float: value as number };
  if (name === "at" || name === "to") return { micros: Math.round((value as number) * 1_000) };
  return value as string | boolean;
}

/** The value as a lambda would read it. */
function plainOf(value: Value, type: ColumnType): unknown {
  if (value === null || typeof value !== "object") return value;
  if ("float" in value) return value.float;
  if ("micros" in value)
    return (
      Math.floor(value.micros / 1_000) + (value.micros - Math.floor(value.micros / 1_000) * 1_000) / 1_000
    );
  if ("int" in value) return type.kind === "int64" && type.as === "bigint" ? value.int : Number(value.int);
  const digits = String(value.unscaled)
    .replace("-", "")
    .padStart(value.scale + 1, "0");
  const point = digits.length - value.scale;
  return `${value.unscaled < 0n ? "-" : ""}${digits.slice(0, point)}${value.scale > 0 ? "." : ""}${digits.slice(point)}`;
}

const FLOAT: ColumnType = { kind: "float64" };
const columns = (...names: string[]): fc.Arbitrary<Expression> => fc.constantFrom(...names.map(column));
const operations = fc.constantFrom("add", "sub", "mul", "div", "mod" as const);
const comparisons = fc.constantFrom("eq", "ne", "lt", "le", "gt", "ge" as const);

/** Exact numbers; `mul` only of columns, so that the scale stays possible. */
function exact(depth: number): fc.Arbitrary<Expression> {
  const leaf = fc.oneof(
    columns("i", "n", "d", "e"),
    int64.map((value) => literal(value)),
  );
  if (depth === 0) return leaf;
  const deep = exact(depth - 1);
  return fc.oneof(
    leaf,
    fc.record({
      kind: fc.constant("arithmetic"),
      op: fc.constantFrom("add", "sub", "mod", "div"),
      left: deep,
      right: deep,
    }),
    fc.record({ kind: fc.constant("arithmetic"), op: fc.constant("mul"), left: leaf, right: leaf }),
    fc.record({ kind: fc.constant("abs"), of: deep }),
    fc.record({ kind: fc.constant("length"), of: texts(depth - 1) }),
  ) as fc.Arbitrary<Expression>;
}

function floating(depth: number): fc.Arbitrary<Expression> {
  const leaf = fc.oneof(
    columns("f", "g"),
    fc.constantFrom(0, 2, -0.5).map((value) => literal(value, FLOAT)),
  );
  if (depth === 0) return leaf;
  return fc.oneof(
    leaf,
    fc.record({
      kind: fc.constant("arithmetic"),
      op: operations,
      left: floating(depth - 1),
      right: floating(depth - 1),
    }),
    fc.record({ kind: fc.constant("since"), of: time(depth - 1), earlier: time(depth - 1) }),
    fc.record({ kind: fc.constant("orElse"), of: floating(depth - 1), value: leaf }),
  ) as fc.Arbitrary<Expression>;
}

function time(depth: number): fc.Arbitrary<Expression> {
  const leaf = columns("at", "to");
  if (depth === 0) return leaf;
  return fc.oneof(
    leaf,
    fc.record({
      kind: fc.constant("shift"),
      of: time(depth - 1),
      micros: fc.constantFrom(-1, 86_400_000_000),
    }),
    fc.record({
      kind: fc.constant("truncate"),
      of: time(depth - 1),
      to: fc.constantFrom("minute", "hour", "day"),
    }),
  ) as fc.Arbitrary<Expression>;
}

function texts(depth: number): fc.Arbitrary<Expression> {
  const leaf = fc.oneof(
    columns("s", "u"),
    text.map((value) => literal(value)),
  );
  if (depth === 0) return leaf;
  const deep = texts(depth - 1);
  return fc.oneof(
    leaf,
    fc.record({ kind: fc.constantFrom("lower", "upper", "trim"), of: deep }),
    fc.record({ kind: fc.constant("concat"), parts: fc.array(deep, { minLength: 1, maxLength: 3 }) }),
    fc.record({ kind: fc.constant("substring"), of: deep, start: fc.nat(2), length: fc.nat(2) }),
    fc.record({ kind: fc.constant("orElse"), of: deep, value: deep }),
  ) as fc.Arbitrary<Expression>;
}

function truth(depth: number): fc.Arbitrary<Expression> {
  const leaf = columns("b");
  if (depth === 0) return leaf;
  const compare = (side: fc.Arbitrary<Expression>): fc.Arbitrary<unknown> =>
    fc.record({ kind: fc.constant("compare"), op: comparisons, left: side, right: side });
  const values = fc.array(
    int64.map((value) => literal(value)),
    { maxLength: 3 },
  );
  return fc.oneof(
    fc.record({ kind: fc.constantFrom("and", "or"), left: truth(depth - 1), right: truth(depth - 1) }),
    fc.record({ kind: fc.constant("not"), of: truth(depth - 1) }),
    fc.record({ kind: fc.constant("isNull"), of: fc.oneof(texts(depth - 1), exact(depth - 1)) }),
    fc.record({
      kind: fc.constant("in"),
      of: columns("i", "n", "d"),
      values: values as fc.Arbitrary<Literal[]>,
    }),
    fc.record({ kind: fc.constant("startsWith"), of: texts(depth - 1), prefix: text }),
    compare(exact(depth - 1)),
    compare(floating(depth - 1)),
    compare(texts(depth - 1)),
    compare(time(depth - 1)),
    compare(truth(depth - 1)),
  ) as fc.Arbitrary<Expression>;
}

test("an expression over columns gives, or refuses, what it means for each row alone", () => {
  const tree = fc.oneof(exact(3), floating(3), texts(3), time(3), truth(4));
  let refused = 0;
  let made = 0;
  const property = fc.property(tree, fc.array(row, { minLength: 1, maxLength: 8 }), (expression, rows) => {
    const operator = select({ expressions: { r: expression, s: column("s") } });
    const harness = openOperator(operator, [{ schema: Row.schema }]);
    const type = harness.outputs[0]?.schema.fields[0]?.type as ColumnType;
    const expected: string[] = [];
    let refusals = 0;
    for (const each of rows) {
      try {
        expected.push(show({ r: plainOf(naive(expression, each, read), type), s: each.s }));
      } catch {
        refusals++;
      }
    }
    harness.push(rows);
    expect(harness.take().map(show)).toEqual(expected);
    expect(harness.rejected.length).toBe(refusals);
    refused += refusals;
    made += expected.length;
  });
  fc.assert(property, { numRuns: 700 });
  // The test says something only if both happen often.
  expect(refused).toBeGreaterThan(100);
  expect(made).toBeGreaterThan(1_000);
});
