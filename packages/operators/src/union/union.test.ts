import { describe, expect, test } from "vitest";
import { t, type Schema, type Shape } from "@df/core";
import { union } from "./union.ts";

const shape = (schema: Schema, changes: Partial<Shape> = {}): Shape => ({
  schema,
  change: "append",
  key: [],
  timed: true,
  ...changes,
});
const Row = t.row({ id: t.string(), n: t.int() }).schema;

describe("union refuses", () => {
  test.for([
    ["DF_UNION_CHANGE", shape(Row), shape(Row, { change: "retract", key: ["id"] })],
    [
      "DF_UNION_CHANGE",
      shape(Row, { change: "upsert", key: ["id"] }),
      shape(Row, { change: "upsert", key: ["id"] }),
    ],
    [
      "DF_UNION_KEY",
      shape(Row, { change: "retract", key: ["id"] }),
      shape(Row, { change: "retract", key: ["n"] }),
    ],
    ["DF_UNION_TIME", shape(Row), shape(Row, { timed: false })],
    ["DF_UNION_TYPE", shape(Row), shape(t.row({ id: t.string(), n: t.float64() }).schema)],
    ["DF_UNION_COLUMNS", shape(Row), shape(t.row({ x: t.string() }).schema)],
  ] as const)("%s", ([code, left, right]) => {
    expect(() => union().outputs([left, right])).toThrow(code);
  });
});

test("an enum holds the values of both sides, and an integer stays exact if one side reads it so", () => {
  const left = t.row({ kind: t.enum("a", "b"), n: t.int() }).schema;
  const right = t.row({ kind: t.enum("b", "c").nullable(), n: t.int64() }).schema;
  expect(union().outputs([shape(left), shape(right)])[0]?.schema.fields).toEqual([
    { name: "kind", type: { kind: "string", values: ["a", "b", "c"] }, nullable: true, optional: false },
    { name: "n", type: { kind: "int64", as: "bigint" }, nullable: false, optional: false },
  ]);
});
