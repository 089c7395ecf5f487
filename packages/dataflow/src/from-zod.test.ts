import { typeName } from "@df/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { fromZod } from "./from-zod.ts";
import { pipeline } from "./pipeline.ts";

/** The columns as "name type", with "?" for nulls and "??" for fields that may be absent. */
function columnsOf(object: z.ZodObject): string[] {
  const { fields } = fromZod(object as never).schema;
  return fields.map(({ name, type, nullable, optional }) => {
    const values = type.kind === "string" && type.values !== undefined ? `(${type.values.join("|")})` : "";
    const as = type.kind === "int64" ? ` as ${type.as}` : "";
    return `${name} ${typeName(type)}${values}${as}${optional ? "??" : nullable ? "?" : ""}`;
  });
}

const faultOf = (object: z.ZodObject, row: Record<string, unknown>): string | undefined =>
  fromZod(object as never).schema.check?.fault(row);

test("each type of zod becomes the column that holds exactly its values", () => {
  const object = z.object({
    text: z.string(),
    mail: z.email(),
    yes: z.boolean(),
    int: z.int(),
    int2: z.number().int().min(3),
    small: z.int32(),
    unsigned: z.uint32(),
    float: z.number(),
    long: z.int64(),
    big: z.bigint(),
    day: z.iso.date(),
    at: z.iso.datetime({ offset: true }),
    when: z.date(),
    kind: z.enum(["a", "b"]),
    only: z.literal(["x", "y"]),
    branded: z.string().brand("id"),
    nullable: z.string().nullable(),
    optional: z.int().optional(),
    nullish: z.enum(["a"]).nullish(),
  });
  expect(columnsOf(object)).toEqual([
    "text string",
    "mail string",
    "yes bool",
    "int int64 as number",
    "int2 int64 as number",
    "small int32",
    "unsigned int64 as number",
    "float float64",
    "long int64 as bigint",
    "big int64 as bigint",
    "day date",
    "at timestamp",
    "when timestamp",
    "kind string(a|b)",
    "only string(x|y)",
    "branded string",
    "nullable string?",
    "optional int64 as number??",
    "nullish string(a)??",
  ]);
});

describe("what zod asks for beyond the types is checked of every row", () => {
  test("nothing is, where the columns say it all", () => {
    const object = z.object({
      id: z.string(),
      n: z.int(),
      at: z.iso.datetime(),
      kind: z.enum(["a"]).nullable(),
    });
    expect(fromZod(object).schema.check).toBe(undefined);
  });

  test.each<[string, z.ZodType, unknown, unknown]>([
    ["a length", z.string().min(2), "ab", "a"],
    ["a pattern", z.string().regex(/^a/), "ab", "ba"],
    ["a format", z.email(), "a@example.org", "a"],
    ["a range", z.int().min(1).max(9), 5, 10],
    ["a range without sign", z.uint32(), 5, -1],
    ["a number that is one", z.number(), 1.5, Number.NaN],
    ["a multiple", z.number().multipleOf(5), 10, 11],
    ["a large number", z.int64().positive(), 5n, 0n],
    ["a refinement", z.string().refine((text) => text !== "no", "it is no"), "yes", "no"],
    [
      "a refinement behind a null",
      z
        .string()
        .nullable()
        .refine((text) => text !== null, "null"),
      "a",
      null,
    ],
    [
      "a moment in ISO 8601",
      z.iso.datetime().refine((at) => at === "1970-01-01T00:00:01.002003Z"),
      1002.003,
      1002,
    ],
    ["a moment as a Date", z.date().min(new Date(1000)), 1000, 999],
    ["a day", z.iso.date().refine((day) => day > "2026-01-01"), "2026-05-01", "2025-05-01"],
    ["an absent value", z.int().min(3).optional(), null, 2],
    ["a null", z.int().min(3).nullable(), null, 2],
  ])("%s", (_, type, good, bad) => {
    const object = z.object({ v: type });
    expect(faultOf(object, { v: good })).toBe(undefined);
    expect(faultOf(object, { v: bad })).toMatch(/^Column "v": ./);
  });

  test("a check reads the columns that ask for more, and one of the whole object reads all", () => {
    const object = z.object({ id: z.string(), n: z.int().min(1), m: z.int().max(5) });
    expect(fromZod(object).schema.check?.columns).toEqual(["n", "m"]);
    expect(faultOf(object, { n: 0, m: 6 })).toMatch(/^Column "n": .*; Column "m": /);
    const whole = object.refine(({ n, m }) => n < m, "n must be less than m");
    expect(fromZod(whole).schema.check?.columns).toEqual(["id", "n", "m"]);
    expect(faultOf(whole, { id: "a", n: 3, m: 2 })).toBe("n must be less than m");
    expect(faultOf(whole, { id: "a", n: 1, m: 2 })).toBe(undefined);
  });

  test("an asynchronous refinement that hides is refused at the first row", () => {
    const object = z.object({ v: z.string().superRefine(async () => {}) });
    expect(() => faultOf(object, { v: "a" })).toThrow(/asynchronous.*DF_VALIDATOR/);
  });
});

test.each<[z.ZodType, string]>([
  [z.object({ a: z.string() }), "rows are flat"],
  [z.array(z.string()), "rows are flat"],
  [z.record(z.string(), z.string()), "rows are flat"],
  [z.union([z.string(), z.int()]), "for several texts write z.enum()"],
  [z.string().default("x"), ".map() behind the source"],
  [z.string().transform((text) => text.length), "make the other one of it with .map()"],
  [z.stringbool(), "make the other one of it with .map()"],
  [z.string().catch("x"), "take .catch() away"],
  [z.string().trim(), "a check leaves rows as they are"],
  [
    z
      .string()
      .nullable()
      .overwrite((text) => text),
    "a check leaves rows as they are",
  ],
  [z.coerce.number(), "take coerce away"],
  [z.uint64(), "write z.int64()"],
  [z.iso.datetime({ local: true }), "take local: true away"],
  [z.iso.datetime({ precision: 3 }), "take precision away"],
  [z.literal(5), "only texts can be listed"],
  [z.enum({ A: 1, B: 2 }), "only texts can be listed"],
  [z.string().refine(async () => true), "make it synchronous"],
  [z.json(), "declare the row with t.row()"],
  [z.unknown(), "declare the row with t.row()"],
  [z.string().readonly(), "take .readonly() away"],
])("a field without a column is refused by its name and with what to write instead: %#", (type, remedy) => {
  const build = (): unknown => fromZod(z.object({ id: z.string(), odd: type }) as never);
  expect(build).toThrow(/^fromZod\(\): "odd" is .*\[DF_ZOD\]$/);
  expect(build).toThrow(remedy);
});

test("what is no plain object of zod is refused", () => {
  expect(() => fromZod(z.string() as never)).toThrow("takes an object of zod 4");
  expect(() => fromZod(undefined as never)).toThrow("takes an object of zod 4");
  expect(() => fromZod(z.strictObject({ id: z.string() }))).toThrow(
    "keys that are no columns are passed over",
  );
  expect(() => fromZod(z.looseObject({ id: z.string() }))).toThrow("write z.object()");
});

test("parameters that are declared with zod are checked by it", () => {
  const definition = pipeline("p", { params: fromZod(z.object({ days: z.int().min(1) })) }, () => {});
  expect(() => definition.build({ days: "0" })).toThrow(/A parameter is refused: Column "days": .*DF_PARAM/);
});
