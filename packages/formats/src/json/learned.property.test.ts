import type { Field, Schema } from "@df/core";
import { pick } from "@df/core";
import { schemaArbitrary } from "@df/testing/arbitraries";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonLines } from "./lines.ts";
import { said, sayAll } from "./said.testing.ts";
import { anyText, blank, lineOf, mutation, Plain, strayText, validText, wildText } from "./texts.testing.ts";
import { Walks } from "./walks.ts";

/** How lines are written: which keys, in which order, with which blanks between and behind them. */
interface LineLayout {
  readonly keys: readonly (Field | string)[];
  readonly blanks: readonly string[];
  readonly end: string;
}

function layoutArbitrary({ fields }: Schema): fc.Arbitrary<LineLayout> {
  return fc.record({
    keys: fc
      .tuple(
        fc.shuffledSubarray([...fields, "x", "a\\u0062", ""], { minLength: 0 }),
        fc.shuffledSubarray([...fields, "x", "type"], { minLength: fields.length + 2 }),
        fc.nat(9),
      )
      .map(([some, all, which]): (Field | string)[] => (which === 9 ? some : all)),
    blanks: fc.array(blank, { minLength: 1, maxLength: 5 }),
    end: fc.constantFrom("\n", "\n", "\r\n", " \n", "\r\r\n"),
  });
}

/** Lines of a few layouts, most of them valid, some with a byte changed, and what is no record. */
function bytesArbitrary(schema: Schema): fc.Arbitrary<Uint8Array> {
  const line = (layout: LineLayout, isWild: boolean): fc.Arbitrary<Buffer> =>
    fc.tuple(...layout.keys.map((key) => keyed(key, isWild))).map((members) => lineOf(members, layout));
  const lines = fc.array(layoutArbitrary(schema), { minLength: 1, maxLength: 2 }).chain((layouts) =>
    fc.array(
      fc.tuple(
        fc.oneof(
          ...layouts.flatMap((layout) => [
            { arbitrary: line(layout, false), weight: 4 },
            { arbitrary: line(layout, true), weight: 1 },
          ]),
        ),
        // Broken UTF-8 has a whole piece read one by one: not in each of them.
        fc.option(fc.tuple(mutation, fc.nat(400)), { freq: 20 }),
        fc.boolean(),
      ),
      { minLength: 15, maxLength: 60 },
    ),
  );
  return lines.map((all) =>
    Buffer.concat(
      all.map(([text, changed, isKept]) =>
        changed === null || isKept ? text : changed[0](text, changed[1]),
      ),
    ),
  );
}

function keyed(key: Field | string, isWild: boolean): fc.Arbitrary<readonly [string, string]> {
  const text =
    typeof key === "string" ? (isWild ? anyText : strayText) : isWild ? wildText(key) : validText(key);
  const name = typeof key === "string" ? `"${key}"` : JSON.stringify(key.name);
  return text.map((value) => [name, value] as const);
}
const scenario = fc.oneof(schemaArbitrary, fc.constant(Plain)).chain((schema) =>
  fc.record({
    schema: fc.constant(schema),
    wanted: fc.subarray(schema.fields.map(({ name }) => name)).map((names) => pick(schema, names)),
    bytes: bytesArbitrary(schema),
    cuts: fc.array(fc.integer({ min: 1, max: 1500 }), { maxLength: 6 }),
    rowsMax: fc.constantFrom(1, 7, 4096, 4096),
    recordBytesMax: fc.oneof(
      { arbitrary: fc.constant(1_000_000), weight: 8 },
      { arbitrary: fc.constantFrom(60, 200), weight: 1 },
    ),
  }),
);

/** Records of one layout, all of which are read by its code once it is learned: each with values of all kinds. */
const valuesOfOneLayout = fc
  .tuple(fc.constantFrom(...Plain.fields), fc.oneof(schemaArbitrary, fc.constant(Plain)))
  .map(([field, { fields }]) => [field, ...fields][fields.length % 2] ?? field)
  .chain((field) => {
    const line = (value: string, stray: string): string => `{"v":${value},"x":${stray}}\n`;
    return fc
      .record({
        field: fc.constant({ ...field, name: "v" }),
        isRead: fc.nat(9).map((which) => which > 0),
        lesson: fc.tuple(validText(field), strayText).map(([value, stray]) => line(value, stray).repeat(6)),
        lines: fc.array(fc.tuple(wildText(field), fc.oneof(strayText, anyText)), {
          minLength: 30,
          maxLength: 60,
        }),
        recordBytesMax: fc.oneof(fc.constant(1_000), fc.integer({ min: 15, max: 40 })),
      })
      .map(({ lesson, lines, ...rest }) => ({
        ...rest,
        bytes: Buffer.from(lesson + lines.map(([value, stray]) => line(value, stray)).join("")),
      }));
  });

/** Ways to read lines, which have the same outcome: the interpreted one needs no layouts. */
const WAYS = ["interpreted", "JavaScript", "WebAssembly"] as const;

function decoderOf(
  schema: Schema,
  columns: Schema,
  recordBytesMax: number,
  way: (typeof WAYS)[number],
): JsonLines {
  const options = { schema, columns, recordBytesMax, script: way === "JavaScript" };
  const walks = way === "interpreted" ? undefined : new Walks(options);
  return new JsonLines(schema, columns, { recordBytesMax, walks });
}

describe("learned layouts", () => {
  it("change nothing: rows, places, reasons and what is consumed are as without generated code", () => {
    fc.assert(
      fc.property(scenario, ({ schema, wanted, bytes, cuts, rowsMax, recordBytesMax }) => {
        const [interpreted, ...others] = WAYS.map((way) =>
          sayAll(decoderOf(schema, wanted, recordBytesMax, way), bytes, cuts, rowsMax),
        );
        for (const other of others) expect(other).toEqual(interpreted);
      }),
      { numRuns: 150 },
    );
  });

  it("take or refuse each value as without generated code, and read the same of it", () => {
    const Absent = { name: "absent", type: { kind: "int32" }, nullable: true, optional: true } as const;
    fc.assert(
      fc.property(valuesOfOneLayout, ({ field, isRead, bytes, recordBytesMax }) => {
        const schema = { fields: [field, Absent] };
        const wanted = isRead ? schema : pick(schema, ["absent"]);
        const [interpreted, ...others] = WAYS.map((way) =>
          said(decoderOf(schema, wanted, recordBytesMax, way).decode(bytes, 0, true, 4096)),
        );
        for (const other of others) expect(other).toEqual(interpreted);
      }),
      { numRuns: 400, endOnFailure: true },
    );
  });
});
