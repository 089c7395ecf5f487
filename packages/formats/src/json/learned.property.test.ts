import type { Column, Field, Schema } from "@df/core";
import { pick, t, unreachable } from "@df/core";
import { cellArbitrary, schemaArbitrary } from "@df/testing/arbitraries";
import { unicodeText } from "@df/testing/unicode-text";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DecodedLines, OpenLineDecoder } from "../decoder.ts";
import { JsonLines } from "./lines.ts";
import { Walks } from "./walks.ts";

/** Everything that a decoder says, in a form that does not depend on where it keeps it. */
function said(decoded: DecodedLines): unknown {
  const { length, columns, positions, raw, invalid, consumed, cut } = decoded;
  const rows = Array.from({ length }, (_, row) => row);
  return {
    columns: columns.map((column) => [kindOf(column), ...rows.map((row) => cell(column, row))]),
    positions: rows.map((row) => positions[row]),
    raw: rows.map((row) => Buffer.from(raw.bytes.subarray(raw.starts[row], raw.ends[row])).toString("hex")),
    invalid: invalid.map(({ position, raw: bytes, reason }) => [
      position,
      Buffer.from(bytes).toString("hex"),
      reason,
    ]),
    consumed,
    cut,
  };
}

const kindOf = (column: Column): string =>
  `${column.layout} ${column.layout === "text" ? "" : column.values.constructor.name} ${column.validity !== undefined}`;

function cell(column: Column, row: number): unknown {
  const isNull = column.validity?.[row] === 0;
  if (column.layout !== "text") return [isNull, column.values[row]];
  const { starts, ends, bytes } = column;
  if (isNull) return [isNull, starts[row], ends[row]];
  return [isNull, Buffer.from(bytes.subarray(starts[row], ends[row])).toString("hex")];
}

/** Decodes as a source does: what is left of a piece comes again with the next one. */
function sayAll(
  decoder: OpenLineDecoder,
  bytes: Uint8Array,
  cuts: readonly number[],
  rowsMax: number,
): unknown[] {
  const all: unknown[] = [];
  let at = 0;
  let end = 0;
  for (const cut of [...cuts, bytes.length]) {
    end = Math.min(bytes.length, end + cut);
    for (;;) {
      const decoded = decoder.decode(bytes.subarray(at, end), at, end === bytes.length, rowsMax);
      all.push(said(decoded));
      at += decoded.consumed;
      if (decoded.consumed === 0) break;
    }
  }
  expect(at).toBe(bytes.length);
  return all;
}

const Plain = t.row({
  s: t.timestamp({ json: "s" }).nullable(),
  ms: t.timestamp({ json: "ms" }),
  us: t.timestamp({ json: "us" }),
  i: t.int().optional(),
  n: t.int32(),
  f: t.float64().nullable(),
  d: t.decimal(17, 3),
  e: t.enum("red", "green").optional(),
  b: t.bool(),
  at: t.timestamp(),
  day: t.date().nullable(),
  g: t.enum("a", "b", "é", "a b"),
  h: t.enum("a", "c\\n"),
}).schema;

const NUMBERS = (
  "0 -0 7 -12 123 1234 12345 -123456789 123456789012345 " +
  "-1234567890123456 9007199254740991 9007199254740992 9223372036854775807 9223372036854775808 1e2 1E+2 -1.5e-3 2147483647 " +
  "2147483648 -2147483648 9007199254740 9007199254741 9007199254.5 0.001 -0.0 1.0 12.345 " +
  "0.1234567890123456 123456789.123456 1e400 01 - 1. .5 1.e2 1e " +
  "--1 99999999999999.999 100000000000000 0.0000000000000000000001 1234567.12345678 00 -01.5 1.2345"
).split(" ");
const STRINGS = [
  '""',
  '"a"',
  '"abc"',
  '"abcd"',
  '"abcdefg"',
  '"a b!c#d[e]f"',
  '"é"',
  '"a\\"b"',
  '"\\u0041"',
  '"\\x"',
  '"\\ud800"',

  '"a\tb"',
  '"a\u007fb"',
  '"abcdefghijklmnop\\\\"',
  '"red"',
  '"gr\\u0065en"',
  '"c\\n"',
  '"c\\\\n"',
  '"2024-05-01T12:00:00.5Z"',
  '"QUJD"',
  '"😀😀"',
  '"{}[]:,"',
  '"unclosed',
  '"1.5"',
  '"2024-02-29"',
];
const OTHERS = [
  "null",
  "true",
  "false",
  "nul",
  "truE",
  "fals",
  "[]",
  "{}",
  '[1,{"a":"b"},null]',
  '{"a":[1.5]}',
  "[1,]",
  "",
];

const numberText = fc.oneof(
  fc.constantFrom(...NUMBERS),
  fc.integer().map(String),
  fc.maxSafeInteger().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.stringMatching(/^-?\d{1,18}(\.\d{1,6})?$/),
);
const anyText = fc.oneof(
  numberText,
  fc.constantFrom(...STRINGS),
  fc.constantFrom(...OTHERS),
  unicodeText(20).map((text) => JSON.stringify(text)),
);

const year = fc.oneof(
  fc.integer({ min: 1684, max: 2255 }),
  fc.constantFrom(0, 1699, 1700, 1999, 2000, 2199, 2200),
);
const two = (max: number): fc.Arbitrary<string> =>
  fc.integer({ min: 0, max }).map((value) => String(value).padStart(2, "0"));
const dayText = fc
  .tuple(year, fc.oneof(two(13), fc.constant("02")), fc.oneof(two(32), fc.constantFrom("28", "29", "31")))
  .map(([y, month, day]) => `${String(y).padStart(4, "0")}-${month}-${day}`);
const timeText = fc
  .tuple(
    dayText,
    fc.constantFrom("T", "T", "T", "t", " "),
    fc.tuple(two(24), two(60), two(60)).map((parts) => parts.join(":")),
    fc.constantFrom("", "", ".", ".5", ".123", ".000001", ".123456", ".1234560", ".1234567", ".12x"),
    fc.constantFrom("Z", "Z", "Z", "z", "", "+02:00", "-00:30", "Zx"),
  )
  .map((parts) => parts.join(""));
/** Days and times, most of them in their usual spelling, and some with a byte changed. */
const whenText = fc
  .tuple(
    fc.oneof(dayText, timeText),
    fc.option(fc.tuple(fc.nat(20), fc.constantFrom("/", ":", "x", "é", "")), { freq: 3 }),
  )
  .map(([text, change]) =>
    JSON.stringify(change === null ? text : text.slice(0, change[0]) + change[1] + text.slice(change[0] + 1)),
  );

/** JSON text that a column takes. */
function validText(field: Field): fc.Arbitrary<string> {
  const { type } = field;
  switch (type.kind) {
    case "timestamp":
      if (type.json === "iso")
        return fc.constantFrom(
          '"2024-05-01T12:00:00.5Z"',
          '"1969-12-31 23:59:59+02:00"',
          '"2199-12-31T23:59:59.999999Z"',
          '"1700-01-01T00:00:00Z"',
        );
      return fc.integer({ min: -9_000_000_000, max: 9_000_000_000 }).map(String);
    case "date":
      return fc.constantFrom('"2024-02-29"', '"1969-12-31"', '"2100-03-01"', '"1700-01-01"');
    case "string":
      if (type.values === undefined) return wellFormed.map((text) => JSON.stringify(text));
      return fc.constantFrom(...type.values).map((text) => JSON.stringify(text));
    case "bool":
    case "int32":
    case "int64":
    case "float64":
    case "decimal":
    case "bytes":
    case "json":
      return cellArbitrary(field).map((value) => textOf(value, type.kind));
    default:
      return unreachable(type);
  }
}

const wellFormed = fc.oneof(
  { arbitrary: fc.string({ unit: "grapheme-ascii", maxLength: 20 }), weight: 4 },
  {
    arbitrary: unicodeText(20),
    weight: 1,
  },
);

/** JSON text of a value of a column that may be none. */
function wildText(field: Field): fc.Arbitrary<string> {
  const isWhen = field.type.kind === "date" || (field.type.kind === "timestamp" && field.type.json === "iso");
  const isNumber = ["int32", "int64", "float64", "decimal", "timestamp"].includes(field.type.kind);
  return fc.oneof(
    { arbitrary: validText(field), weight: 6 },
    { arbitrary: isWhen ? whenText : isNumber ? numberText : anyText, weight: isWhen ? 20 : 2 },
    { arbitrary: anyText, weight: 1 },
  );
}

function textOf(value: unknown, kind: Field["type"]["kind"]): string {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString("base64"));
  if (kind === "timestamp" && typeof value === "number") {
    return Math.abs(value) < 8e15 ? JSON.stringify(new Date(value).toISOString()) : '""';
  }
  if (kind === "decimal" && typeof value === "string" && value.length % 2 === 0) return value;
  return Object.is(value, -0) ? "-0" : JSON.stringify(value);
}

const blank = fc.constantFrom("", "", "", " ", "\t", " \r", "  ");

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
    fc.tuple(...layout.keys.map((key) => keyed(key, isWild))).map((members) => lineOf(layout, members));
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

const strayText = fc.oneof(
  fc.constantFrom(
    "null",
    "true",
    "[]",
    '{"a":[1.5]}',
    "-1.25e3",
    "12345.678",
    "0",
    '"a b!c#d[e]"',
    '"\\u0041b"',
  ),
  wellFormed.map((text) => JSON.stringify(text)),
);

function lineOf({ blanks, end }: LineLayout, members: readonly (readonly [string, string])[]): Buffer {
  let gaps = 0;
  const gap = (): string => blanks[gaps++ % blanks.length] ?? "";
  const inner = members.map(([key, text]) => `${gap()}${key}${gap()}:${gap()}${text}${gap()}`).join(",");
  return Buffer.from(`${gap()}{${inner}${gap()}}${gap()}${end}`);
}

const mutation: fc.Arbitrary<(line: Buffer, place: number) => Uint8Array> = fc.oneof(
  fc.constantFrom(
    (line: Buffer, place: number): Uint8Array => line.subarray(0, place % line.length),
    (line: Buffer, place: number): Uint8Array =>
      Buffer.concat([line.subarray(0, place % line.length), line.subarray((place % line.length) + 1)]),
    (): Uint8Array => Buffer.from(" \r\n\n"),
  ),
  fc
    .constantFrom(...Buffer.from('{}[]:,"\\ue019.+-Etnf \t\r\n'), 0, 31, 127, 128, 0xc3, 0xff)
    .map((byte) => (line: Buffer, place: number): Uint8Array => {
      const changed = Buffer.from(line);
      changed[place % line.length] = byte;
      return changed;
    }),
);

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
