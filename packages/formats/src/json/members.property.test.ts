import type { Field, Schema } from "@df/core";
import { pick } from "@df/core";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Lessons } from "./lessons.ts";
import { JsonLines } from "./lines.ts";
import { RecordReader } from "./record.ts";
import { sayAll } from "./said.testing.ts";
import { blank, lineOf, mutation, Plain, strayText, validText, wildText } from "./texts.testing.ts";
import { Walks } from "./walks.ts";

/** Names that are hard to tell apart, or to find. */
const NAMES =
  ",a,ab,abc,abcd,abcde,abcdefgh,abcdefghi,b,é,__proto__,constructor,l_shipdate,l_shipinstruct,l_shipmode,l_comment," +
  "l_commitdate,l_linenumber,customer_name_1,customer_name_2,customer_name_10,customer_street_1,кличка,ключ," +
  "a_key_of_more_than_16_bytes,a_key_of_more_than_16_bytez,a key of more than thirty-two bytes: a," +
  `a key of more than thirty-two bytes: b,a key of more than thirty-twO bytes: a,${"x".repeat(70)}`;
/** Names that JSON does not write as they are. */
const ESCAPED_NAMES = ['a"b', "a\\u0062", "back\\slash", "tab\t"];
const TYPES: readonly Field[] = [
  ...Plain.fields,
  { name: "", type: { kind: "json" }, nullable: true, optional: true },
  { name: "", type: { kind: "bytes" }, nullable: false, optional: false },
  { name: "", type: { kind: "string" }, nullable: true, optional: false },
  { name: "", type: { kind: "string" }, nullable: false, optional: false },
];

function schemaOf(names: readonly string[]): fc.Arbitrary<Schema> {
  return fc
    .tuple(...names.map((name) => fc.constantFrom(...TYPES).map((field): Field => ({ ...field, name }))))
    .map((fields) => ({ fields }));
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `c${i * 37}`);
const namesArbitrary = (names: readonly string[]): fc.Arbitrary<readonly string[]> =>
  fc.oneof(
    { arbitrary: fc.shuffledSubarray([...names], { minLength: 1, maxLength: 12 }), weight: 8 },
    { arbitrary: fc.constantFrom(63, 64, 65, 130).map(numbered), weight: 1 },
  );

/** A key as text: at times with an escape that it does not need. */
const keyText = (name: string, isEscaped: boolean): string => {
  const text = JSON.stringify(name);
  return isEscaped ? text.replace(/[a-z]/, (one) => `\\u00${one.charCodeAt(0).toString(16)}`) : text;
};

type Member = readonly [string, string];
const gaps = fc.record({
  blanks: fc.oneof(fc.constant([""]), fc.constant([" "]), fc.array(blank, { minLength: 1, maxLength: 7 })),
  end: fc.constantFrom("\n", "\n", "\r\n", " \n", "\r\r\n"),
});

/** Keys that are no columns, among them some that begin like columns. */
function stray(names: readonly string[]): fc.Arbitrary<Member> {
  const like = names.map((name) => `${name}x`).filter((name) => !names.includes(name));
  return fc
    .tuple(fc.constantFrom("x", "", "type", "é!", "y".repeat(40), ...like), strayText)
    .map(([name, text]) => [JSON.stringify(names.includes(name) ? `${name}?` : name), text]);
}

/** A line with all columns in any order, and others; `isWild`: or nearly so. */
function lineArbitrary({ fields }: Schema, isWild: boolean): fc.Arbitrary<Buffer> {
  const names = fields.map(({ name }) => name);
  const member = (field: Field): fc.Arbitrary<Member> =>
    fc
      .tuple(fc.nat(99), isWild ? wildText(field) : validText(field))
      .map(([which, text]) => [keyText(field.name, isWild && which === 0), text]);
  return fc
    .tuple(
      fc.tuple(...fields.map(member)),
      fc.array(stray(names), { maxLength: 3 }),
      fc.array(fc.nat(), { minLength: fields.length + 3, maxLength: fields.length + 3 }),
      gaps,
      fc.nat(19),
    )
    .map(([columns, strays, order, around, which]) => {
      const others = columns.filter((_, at) => fields[at]?.optional === false || (order[at] ?? 0) % 4 > 0);
      const all = [...others, ...strays, ...(isWild && which === 0 ? columns.slice(0, 1) : [])];
      const some = isWild && which === 1 ? all.slice(1) : all;
      const shuffled = some
        .map((one, at) => [order[at] ?? 0, one] as const)
        .toSorted(([a], [b]) => a - b)
        .map(([, one]) => one);
      return lineOf(shuffled, around);
    });
}

const scenarioOf = (names: readonly string[], isWild: boolean) =>
  namesArbitrary(names)
    .chain(schemaOf)
    .chain((schema) => {
      const line = fc
        .tuple(lineArbitrary(schema, isWild), fc.option(fc.tuple(mutation, fc.nat(400)), { freq: 20 }))
        .map(([text, changed]) => (isWild && changed !== null ? changed[0](text, changed[1]) : text));
      const few = schema.fields.length > 60;
      return fc.record({
        schema: fc.constant(schema),
        wanted: fc.subarray(schema.fields.map(({ name }) => name)).map((wanted) => pick(schema, wanted)),
        bytes: fc
          .array(line, { minLength: few ? 3 : 15, maxLength: few ? 5 : 40 })
          .map((lines): Uint8Array => Buffer.concat(lines)),
        cuts: fc.array(fc.integer({ min: 1, max: 1500 }), { maxLength: 4 }),
        rowsMax: fc.constantFrom(1, 7, 4096, 4096),
        recordBytesMax: fc.oneof(
          { arbitrary: fc.constant(1_000_000), weight: 8 },
          { arbitrary: fc.constantFrom(60, 200), weight: isWild ? 1 : 0 },
        ),
      });
    });

/** Enough lines for code that reads members. */
const MISSES = 4096;

/** A decoder that has code for members in any order from its first line on. */
function opened(schema: Schema, columns: Schema, recordBytesMax: number): JsonLines {
  const walks = new Walks({ schema, columns, recordBytesMax });
  for (let i = 0; i < MISSES; i++) walks.kernel?.missed();
  expect(walks.kernel?.runMembers).toBeDefined();
  return new JsonLines(schema, columns, { recordBytesMax, walks });
}

/** Has no layout be looked at, as in the long run. */
function withoutLessons(): void {
  vi.spyOn(Lessons.prototype, "isLeft", "get").mockReturnValue(false);
  vi.spyOn(Lessons.prototype, "take").mockReturnValue(undefined);
}

afterEach(() => vi.restoreAllMocks());

describe("members in any order", () => {
  it("are read as without generated code: rows, places, reasons and what is consumed, whether layouts are learned or not", () => {
    fc.assert(
      fc.property(
        scenarioOf([...NAMES.split(","), ...ESCAPED_NAMES], true),
        ({ schema, wanted, bytes, cuts, rowsMax, recordBytesMax }) => {
          const plain = new JsonLines(schema, wanted, { recordBytesMax });
          const expected = sayAll(plain, bytes, cuts, rowsMax);
          expect(sayAll(opened(schema, wanted, recordBytesMax), bytes, cuts, rowsMax)).toEqual(expected);
          withoutLessons();
          expect(sayAll(opened(schema, wanted, recordBytesMax), bytes, cuts, rowsMax)).toEqual(expected);
          vi.restoreAllMocks();
        },
      ),
      { numRuns: 100 },
    );
  });

  it("are all read by code where nothing is wrong with them, whatever the columns are called", () => {
    fc.assert(
      fc.property(scenarioOf(NAMES.split(","), false), ({ schema, wanted, bytes, recordBytesMax }) => {
        const read = vi.spyOn(RecordReader.prototype, "read");
        withoutLessons();
        const decoder = opened(schema, wanted, recordBytesMax);
        expect(decoder.decode(bytes, 0, true, 4096).consumed).toBe(bytes.length);
        const lines = read.mock.calls.map(([start]) =>
          Buffer.from(bytes.subarray(start, start + 60)).toString(),
        );
        vi.restoreAllMocks();
        // An object without members is left to others.
        expect(lines.filter((line) => !/^\s*\{\s*\}/.test(line))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
