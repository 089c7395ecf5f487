import { t } from "@df/core";
import { describe, expect, test } from "vitest";
import { checkColumns, checkNames, parseSchemaString, schemaString } from "./schema-string.ts";

const All = t.row({
  a: t.bool(),
  b: t.int32(),
  c: t.int64(),
  d: t.float64(),
  e: t.decimal(18, 4),
  f: t.string(),
  g: t.bytes(),
  h: t.timestamp(),
  i: t.date(),
  j: t.json().nullable(),
});

describe("a table's schema", () => {
  test("has the exact type of every column", () => {
    const fields = parseSchemaString(schemaString(All.schema));
    expect(fields.map(({ type }) => type)).toEqual([
      "boolean",
      "integer",
      "long",
      "double",
      "decimal(18,4)",
      "string",
      "binary",
      "timestamp",
      "date",
      "string",
    ]);
    expect(fields.map(({ nullable }) => nullable)).toEqual([...Array.from({ length: 9 }, () => false), true]);
  });

  test("takes the rows it was made for", () => {
    const input = { schema: All.schema, change: "append", key: [], timed: false } as const;
    expect(() => checkColumns(parseSchemaString(schemaString(All.schema)), input, "s")).not.toThrow();
  });

  test("is refused when it wants values that only its owner can compute", () => {
    const input = {
      schema: t.row({ a: t.int64() }).schema,
      change: "append",
      key: [],
      timed: false,
    } as const;
    const metadata = { "delta.generationExpression": "b + 1" };
    const table = [{ name: "a", type: "long", nullable: true, metadata }];
    expect(() => checkColumns(table, input, "s")).toThrow(/generationExpression.*DF_SINK_UNSUPPORTED/);
  });

  test("says both types and a way on when a column has another type", () => {
    const input = {
      schema: t.row({ a: t.int64() }).schema,
      change: "append",
      key: [],
      timed: false,
    } as const;
    const table = [{ name: "a", type: "double", nullable: true, metadata: {} }];
    expect(() => checkColumns(table, input, "orders")).toThrow(
      'Column "a" of sink "orders" is int64 (long in Delta), the table has double. ' +
        "Convert it with .map(), or write to another table. [DF_SCHEMA_TYPE]",
    );
  });

  test.each(["a b", "a,b", "a=b", "(a)", "a\nb", ""])("cannot have a column named %j", (name) => {
    expect(() => checkNames(t.row({ [name]: t.bool() }).schema)).toThrow(/DF_SINK_COLUMN/);
  });

  test("cannot have columns that differ by case only", () => {
    expect(() => checkNames(t.row({ Id: t.bool(), id: t.bool() }).schema)).toThrow(/"Id" and "id"/);
  });
});
