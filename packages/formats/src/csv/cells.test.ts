import { t } from "@df/core";
import { describe, expect, it } from "vitest";
import { orReason } from "../or-reason.testing.ts";
import { decode, opened, value } from "./read.testing.ts";

describe("numbers", () => {
  it.each([
    ["0", 0n],
    ["-0", 0n],
    ["7", 7n],
    ["-12", -12n],
    ['"12"', 12n],
    ["1e2", 100n],
    ["1.0", 1n],
    ["123456789012345", 123456789012345n],
    ["-999999999999999", -999999999999999n],
    ["9007199254740991", 9007199254740991n],
    ["9007199254740993", 9007199254740993n],
    ["-9223372036854775808", -9223372036854775808n],
    ["9223372036854775807", 9223372036854775807n],
    ["9223372036854775808", "is out of the range of int64"],
    ["-9223372036854775809", "is out of the range of int64"],
    ["1.5", 'Column "v": "1.5" is no whole number'],
    ["007", 'Column "v": "007": a number begins with 0'],
    ["-01", "a number begins with 0"],
    ["+5", "is no number"],
    ["--5", "a value expected"],
    ["-", "a value expected"],
    [".5", "is no number"],
    ["5.", "a digit expected"],
    [" 5", 'Column "v": " 5" is no number'],
    ["5 ", "is no number"],
    ["5x", "is no number"],
    ["1/2", "is no number"],
    ["1:2", "is no number"],
    ['"1""2"', 'Column "v": "1\\"2" is no number'],
    ['""', 'Column "v": "" is no number'],
    ["NaN", "is no number"],
  ])("reads %s as int64: %s", (text, expected) => {
    expect(orReason(value(t.int64(), text), expected)).toEqual(expected);
  });

  it.each([
    [t.int(), "9007199254740991", 9007199254740991],
    [t.int(), "9007199254740993", "beyond 2^53"],
    [t.int32(), "-2147483648", -2147483648],
    [t.int32(), "2147483647", 2147483647],
    [t.int32(), "2147483648", "out of the range of int32"],
    [t.int32(), "4294967296", "out of the range of int32"],
    [t.decimal(5, 2), "-1.2", "-1.20"],
    [t.decimal(5, 2), "999.99", "999.99"],
    [t.decimal(5, 2), '"-999.99"', "-999.99"],
    [t.decimal(5, 2), "1000", "has more than 5 digits"],
    [t.decimal(5, 2), "-1000", "has more than 5 digits"],
    [t.decimal(5, 2), "7", "7.00"],
    [t.decimal(5, 2), "1.005", "has more than 2 decimals"],
    [t.decimal(5, 2), "1.0100", "1.01"],
    [t.decimal(18, 0), "-999999999999999999", "-999999999999999999"],
    [t.decimal(18, 0), "1e18", "has more than 18 digits"],
    [t.decimal(18, 9), "123456789", "123456789.000000000"],
    [t.decimal(18, 9), "1234567890", "has more than 18 digits"],
    [t.float64(), "0", 0],
    [t.float64(), "-0", -0],
    [t.float64(), "-7", -7],
    [t.float64(), "0.1", 0.1],
    [t.float64(), "5e-324", 5e-324],
    [t.float64(), "1.7976931348623157e+308", 1.7976931348623157e308],
    [t.float64(), "123456789012345678901234567890", 1.2345678901234568e29],
    [t.float64(), "1e400", "is out of the range of a double"],
    [t.float64(), "NaN", Number.NaN],
    [t.float64(), "Infinity", Infinity],
    [t.float64(), "-Infinity", -Infinity],
    [t.float64(), "-NaN", "a value expected"],
    [t.float64(), "nan", "is no number"],
    [t.float64(), "Infinit", "is no number"],
    [t.float64(), "Infinityy", "is no number"],
    [t.bool(), "true", true],
    [t.bool(), "false", false],
    [t.bool(), '"true"', true],
    [t.bool(), "1", "is no bool"],
    [t.bool(), "True", "is no bool"],
    [t.bool(), "truex", "is no bool"],
  ])("reads as %o the text %s: %s", (type, text, expected) => {
    expect(orReason(value(type, text), expected)).toEqual(expected);
  });
});

it.each([t.int64(), t.int32(), t.decimal(5, 2), t.timestamp({ json: "ms" })])(
  "−0 is 0 where the column is no double: %o",
  (v) => {
    const [column] = decode(t.row({ v, w: v }), "-0,-0.0", { header: false }).columns;
    expect(column?.layout !== "text" && column?.values[0]).toBe(0);
  },
);

describe("times", () => {
  const ms = (text: string): number => Date.parse(text);
  it.each([
    [t.timestamp(), "2024-05-01T12:00:00Z", ms("2024-05-01T12:00:00Z")],
    [t.timestamp(), '"2024-05-01T12:00:00.5+02:00"', ms("2024-05-01T10:00:00.5Z")],
    [t.timestamp(), "1969-12-31T23:59:59.999999-00:30", ms("1970-01-01T00:30:00Z") - 0.001],
    [t.timestamp(), "2024-05-01T12:00:00", "has no zone"],
    [t.timestamp(), "2024-05-01", "is no time"],
    [t.timestamp(), "1714564800", "is no time"],
    [t.timestamp(), "1600-01-01T00:00:00Z", "is out of range"],
    [t.timestamp({ json: "s" }), "1714564800.000001", 1714564800000.001],
    [t.timestamp({ json: "s" }), "1714564800", 1714564800000],
    [t.timestamp({ json: "s" }), "9007199254", 9007199254000],
    [t.timestamp({ json: "s" }), "9007199255", "is out of range"],
    [t.timestamp({ json: "ms" }), "-1.5", -1.5],
    [t.timestamp({ json: "ms" }), "8.64e15", "is out of range"],
    [t.timestamp({ json: "us" }), "9007199254740991", 9007199254740991 / 1000],
    [t.timestamp({ json: "us" }), "1.5", "is no whole number"],
    [t.timestamp({ json: "ms" }), "2024-05-01T12:00:00Z", "is no number"],
    [t.date(), "2024-02-29", "2024-02-29"],
    [t.date(), "1900-02-29", "is no day of the calendar"],
    [t.date(), "2024-1-1", "is no date"],
  ])("reads as %o the text %s: %s", (type, text, expected) => {
    expect(orReason(value(type, text), expected)).toEqual(expected);
  });
});

describe("other types", () => {
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
  it.each([
    [t.bytes(), "AQID", bytes(1, 2, 3)],
    [t.bytes(), '"/w=="', bytes(255)],
    [t.bytes(), '""', bytes()],
    [t.bytes(), "AQI", "its length is no multiple of 4"],
    [t.json(), '"{""a"" : [1,2.50,""\\u0041""]}"', { a: [1, 2.5, "A"] }],
    [t.json(), '"{\n ""a"":\r\n1}"', { a: 1 }],
    [t.json(), '"[1,2]"', [1, 2]],
    [t.json(), " 1.5\t", 1.5],
    [t.json(), '"""text"""', "text"],
    [t.json(), '"""a\nb"""', "control character in a string"],
    [t.json(), "[1", '"," expected'],
    [t.json(), "1 2", "one value expected"],
    [t.json(), '"{}{}"', "one value expected"],
    [t.json(), '"  "', "a value expected"],
    [t.json(), "null", "is not nullable"],
    [t.json().nullable(), "null", null],
    [t.enum("red", "green"), "green", "green"],
    [t.enum("red", 'gr"n'), '"gr""n"', 'gr"n'],
    [t.enum("red", "green"), "blue", 'Column "v": "blue" is none of "red", "green"'],
    [t.string(), "a b", "a b"],
    [t.string(), " a ", " a "],
    [t.string(), '"a,b"', "a,b"],
    [t.string(), '"a\r\nb"', "a\r\nb"],
    [t.string(), '"""a"""', '"a"'],
    [t.string(), '""""', '"'],
    [t.string(), '""""""', '""'],
    [t.string(), '""', ""],
    [t.string(), "\0\té€😀", "\0\té€😀"],
    [t.string(), "null", "null"],
  ])("reads as %o the text %s: %s", (type, text, expected) => {
    expect(orReason(value(type, text), expected)).toEqual(expected);
  });

  it("keeps JSON as the text it was, without the blanks around it, and on one line", () => {
    const Row = t.row({ v: t.json() });
    const { columns } = decode(Row, '" {""a"" :\n1.50} "\n', { header: false });
    const [column] = columns;
    expect(
      column?.layout === "text" &&
        Buffer.from(column.bytes.subarray(column.starts[0], column.ends[0])).toString(),
    ).toBe('{"a" :\t1.50}');
  });

  it("reads JSON in quotes up to its end, whatever was read before", () => {
    const Row = t.row({ v: t.json(), pad: t.string() });
    const pad = "x".repeat(5000);
    const bytes = (json: string): Uint8Array => new TextEncoder().encode(`"${json}",${pad}\n`);
    const { decoder } = opened(Row, bytes("1"), { header: false });
    expect(decoder.decode(bytes("123456"), 0, true, 1)).toMatchObject({ length: 1 });
    expect(decoder.decode(bytes("7"), 0, true, 1)).toMatchObject({ length: 1, invalid: [] });
  });

  it("takes JSON that ends where the next field holds blanks, tabs or a line break", () => {
    const Row = t.row({ v: t.json(), w: t.json() });
    const options = { header: false, delimiter: "\t" };
    expect(decode(Row, "1\t2\r\n", options)).toMatchObject({ length: 1, invalid: [] });
    expect(decode(Row, "[1\t]\r\n", options)).toMatchObject({ length: 0 });
  });
});

describe("null", () => {
  it("is an empty field without quotes", () => {
    expect(value(t.string().nullable(), "")).toBeNull();
    expect(value(t.string().nullable(), '""')).toBe("");
    expect(value(t.int32().nullable(), "")).toBeNull();
    expect(value(t.string(), "")).toBe('Column "v": "" without quotes means null: not nullable');
  });

  it("is what the option says, and an empty field is then empty text", () => {
    const nulls = "\\N";
    expect(value(t.string().nullable(), "\\N", { nulls })).toBeNull();
    expect(value(t.string().nullable(), '"\\N"', { nulls })).toBe("\\N");
    expect(value(t.string().nullable(), "\\M", { nulls })).toBe("\\M");
    expect(value(t.string().nullable(), "", { nulls })).toBe("");
    expect(value(t.int32().nullable(), "", { nulls })).toBe('Column "v": "" is no number');
    expect(value(t.json().nullable(), "", { nulls })).toContain("a value expected");
    expect(value(t.string(), "\\N", { nulls })).toContain("means null");
  });

  it("may also be a number that stands for none", () => {
    const options = { nulls: "-1" };
    expect(value(t.int32().nullable(), "-1", options)).toBeNull();
    expect(value(t.float64().nullable(), "-1", options)).toBeNull();
    expect(value(t.int32().nullable(), '"-1"', options)).toBe(-1);
    expect(value(t.int32().nullable(), "-12", options)).toBe(-12);
    expect(value(t.int32(), "-1", options)).toContain("means null");
  });
});
