/** Values as JSON writes them, and lines that were damaged. */
import type { Field, Schema } from "@df/core";
import { t, unreachable } from "@df/core";
import { cellArbitrary } from "@df/testing/arbitraries";
import { unicodeText } from "@df/testing/unicode-text";
import fc from "fast-check";

/** A column of most types. */
export const Plain: Schema = t.row({
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

export const numberText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...NUMBERS),
  fc.integer().map(String),
  fc.maxSafeInteger().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.stringMatching(/^-?\d{1,18}(\.\d{1,6})?$/),
);
export const anyText: fc.Arbitrary<string> = fc.oneof(
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
export const whenText: fc.Arbitrary<string> = fc
  .tuple(
    fc.oneof(dayText, timeText),
    fc.option(fc.tuple(fc.nat(20), fc.constantFrom("/", ":", "x", "é", "")), { freq: 3 }),
  )
  .map(([text, change]) =>
    JSON.stringify(change === null ? text : text.slice(0, change[0]) + change[1] + text.slice(change[0] + 1)),
  );

/** JSON text that a column takes. */
export function validText(field: Field): fc.Arbitrary<string> {
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

const wellFormed: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.string({ unit: "grapheme-ascii", maxLength: 20 }), weight: 4 },
  {
    arbitrary: unicodeText(20),
    weight: 1,
  },
);

/** JSON text of a value of a column that may be none. */
export function wildText(field: Field): fc.Arbitrary<string> {
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

/** Values of keys that are no columns. */
export const strayText: fc.Arbitrary<string> = fc.oneof(
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

/** What may stand where blanks may. */
export const blank: fc.Arbitrary<string> = fc.constantFrom("", "", "", " ", "\t", " \r", "  ");

/** Changes a byte of a line, cuts it off, or replaces it. */
export const mutation: fc.Arbitrary<(line: Buffer, place: number) => Uint8Array> = fc.oneof(
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

/** What stands between the parts of a line, over and over, and behind it. */
export interface Gaps {
  readonly blanks: readonly string[];
  readonly end: string;
}

/** A line of keys and values. */
export function lineOf(members: readonly (readonly [string, string])[], { blanks, end }: Gaps): Buffer {
  let gaps = 0;
  const gap = (): string => blanks[gaps++ % blanks.length] ?? "";
  const inner = members.map(([key, text]) => `${gap()}${key}${gap()}:${gap()}${text}${gap()}`).join(",");
  return Buffer.from(`${gap()}{${inner}${gap()}}${gap()}${end}`);
}
