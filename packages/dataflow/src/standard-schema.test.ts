import { t } from "@df/core";
import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { memorySink } from "./memory.ts";
import { pipeline } from "./pipeline.ts";
import { checkOf } from "./standard-schema.ts";
import type { StandardSchema } from "./standard-schema.ts";
import { standInSource } from "./stand-ins.ts";

const fault = (schema: StandardSchema, row: Record<string, unknown>): string | undefined =>
  checkOf(schema, "validate()").fault(row);
/** A schema written by hand. */
const answering = (validate: (value: unknown) => unknown): StandardSchema =>
  ({ "~standard": { version: 1, vendor: "test", validate } }) as StandardSchema;

describe.each<[string, StandardSchema]>([
  ["zod", z.object({ id: z.string().min(2), cents: z.bigint().positive() })],
  [
    "valibot",
    v.object({ id: v.pipe(v.string(), v.minLength(2)), cents: v.pipe(v.bigint(), v.minValue(1n)) }),
  ],
  ["arktype", type({ id: "string >= 2", cents: type("bigint").narrow((cents) => cents > 0n) })],
])("a schema of %s", (_, schema) => {
  test("finds no fault in a row that is right, also with more columns", () => {
    expect(fault(schema, { id: "ab", cents: 5n, other: null })).toBe(undefined);
  });

  test("names the column and its fault", () => {
    expect(fault(schema, { id: "a", cents: 5n })).toMatch(/^Column "id": .*\b2\b/);
    expect(fault(schema, { id: "ab", cents: 0n })).toMatch(/^Column "cents": ./);
    expect(fault(schema, { id: "a", cents: 0n })).toMatch(/Column "id": .*Column "cents": |; /);
  });
});

test("a reason tells three faults, and how many more there are; a path beyond the column follows it", () => {
  const issue = { message: "wrong", path: ["tags", { key: 0 }] };
  const schema = answering(() => ({ issues: [issue, { message: "no row" }, issue, issue, issue] }));
  expect(fault(schema, {})).toBe('Column "tags".0: wrong; no row; Column "tags".0: wrong; and 2 more');
});

test.each<[string, StandardSchema]>([
  ["of valibot", v.objectAsync({ id: v.string() })],
  ["that always waits", answering(async () => ({ value: {} }))],
])("an asynchronous schema %s is refused when the pipeline is built", (_, schema) => {
  expect(() => checkOf(schema, "validate()")).toThrow(/asynchronous.*Make it synchronous.*DF_VALIDATOR/);
});

test("one that is found to be asynchronous later is refused at that row", () => {
  const schema = z.object({ id: z.string().refine(async () => false) });
  expect(() => fault(schema, { id: "a" })).toThrow(/asynchronous.*DF_VALIDATOR/);
});

test.each<[string, StandardSchema, string]>([
  ["a transform of zod", z.object({ id: z.string().trim() }), 'changes column "id"'],
  ["a default of zod", z.object({ more: z.string().default("x") }), 'changes column "more"'],
  ["a transform of valibot", v.object({ id: v.pipe(v.string(), v.toUpperCase()) }), 'changes column "id"'],
  ["another kind of value", z.object({ id: z.string() }).transform(() => 5), "changes the row"],
])("%s is refused at the first row that it changes", (_, schema, words) => {
  expect(() => fault(schema, { id: " a " })).toThrow(words);
  expect(() => fault(schema, { id: " a " })).toThrow("DF_VALIDATOR");
});

test("values that a schema copies, and NaN, are not changed", () => {
  const schema = z.object({ tags: z.array(z.string()), weight: z.nan(), at: z.number() });
  expect(fault(schema, { tags: ["a"], weight: Number.NaN, at: -0 })).toBe(undefined);
});

test.each([undefined, null, 5, {}, { "~standard": 1 }, () => true])(
  "%s is no schema, and refused in words",
  (schema) => {
    expect(() => checkOf(schema, "validate()")).toThrow(
      /takes a schema of zod, valibot, arktype.*DF_VALIDATOR/,
    );
  },
);

test("a stream takes schemas of each library, and steps without an id are numbered", () => {
  const Order = t.row({ id: t.string(), cents: t.int64() });
  const { nodes } = pipeline("orders", (p) => {
    p.from("orders", standInSource(Order))
      .validate(z.object({ id: z.string() }))
      .validate(v.object({ cents: v.bigint() }))
      .validate(type({ id: "string" }), { id: "named" })
      .to("memory", memorySink("validated"));
  }).build();
  expect(nodes.map(({ id }) => id)).toEqual([
    "orders",
    "orders.validate",
    "orders.validate.2",
    "named",
    "memory",
  ]);
});

test("what is no schema is refused when the pipeline is built, with the step's name", () => {
  const definition = pipeline("orders", (p) => {
    p.from("orders", standInSource(t.row({ id: t.string() }))).validate(5 as never);
  });
  expect(() => definition.build()).toThrow(/"orders.validate": validate\(\) takes a schema.*DF_VALIDATOR/);
});
