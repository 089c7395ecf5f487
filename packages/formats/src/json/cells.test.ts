import { t } from "@df/core";
import { describe, expect, it } from "vitest";
import { orReason } from "../or-reason.testing.ts";
import { decode, value } from "./read.testing.ts";

describe("numbers", () => {
  it.each([
    ["0", 0n],
    ["-0", 0n],
    ["1e2", 100n],
    ["1.0", 1n],
    ["120e-1", 12n],
    ["0.0e99999999999", 0n],
    ["9007199254740993", 9007199254740993n],
    ["-9223372036854775808", -9223372036854775808n],
    ["9223372036854775807", 9223372036854775807n],
    ["922337203685477580700e-2", 9223372036854775807n],
    ["9223372036854775808", "is out of the range of int64"],
    ["-9223372036854775809", "is out of the range of int64"],
    ["1e19", "is out of range"],
    ["1e999999999999999999", "is out of range"],
    ["1.5", "is no whole number"],
    ["1e-1", "is no whole number"],
    ["10000000000000000.5", "is no whole number"],
  ])("reads %s as int64: %s", (text, expected) => {
    const found = value(t.int64(), text);
    expect(orReason(found, expected)).toEqual(expected);
  });

  it.each([
    [t.int(), "9007199254740991", 9007199254740991],
    [t.int(), "9007199254740993", "beyond 2^53"],
    [t.int32(), "-2147483648", -2147483648],
    [t.int32(), "2147483648", "out of the range of int32"],
    [t.int32(), "4294967296", "out of the range of int32"],
    [t.decimal(5, 2), "-1.2", "-1.20"],
    [t.decimal(5, 2), '"999.99"', "999.99"],
    [t.decimal(5, 2), "1000", "has more than 5 digits"],
    [t.decimal(5, 2), "1.005", "has more than 2 decimals"],
    [t.decimal(5, 2), "1.0100", "1.01"],
    [t.decimal(5, 2), '"1.2 "', "is no decimal"],
    [t.decimal(5, 2), '""', "is no decimal"],
    [t.decimal(18, 0), "999999999999999999", "999999999999999999"],
    [t.decimal(18, 0), "1e18", "has more than 18 digits"],
    [t.float64(), "1e400", "is out of the range of a double"],
    [t.float64(), "1e-400", 0],
    [t.float64(), "-0", -0],
    [t.float64(), "-0.0e5", -0],
    [t.float64(), "0.1", 0.1],
    [t.float64(), "5e-324", 5e-324],
    [t.float64(), "123456789012345678901234567890", 1.2345678901234568e29],
    [t.float64(), "NaN", "is no number"],
    [t.float64(), '"1"', "is no number"],
    [t.bool(), "true", true],
    [t.bool(), "false", false],
    [t.bool(), "1", "is no bool"],
    [t.bool(), "truE", "a value expected"],
  ])("reads as %o the text %s: %s", (type, text, expected) => {
    const found = value(type, text);
    expect(orReason(found, expected)).toEqual(expected);
  });
});

describe("times", () => {
  const ms = (text: string): number => Date.parse(text);
  it.each([
    [t.timestamp(), '"2024-05-01T12:00:00Z"', ms("2024-05-01T12:00:00Z")],
    [t.timestamp(), '"2024-05-01t12:00:00.5z"', ms("2024-05-01T12:00:00.500Z")],
    [t.timestamp(), '"2024-05-01 12:00:00+02:00"', ms("2024-05-01T10:00:00Z")],
    [t.timestamp(), '"1969-12-31T23:59:59.999999-00:30"', ms("1970-01-01T00:30:00Z") - 0.001],
    [t.timestamp(), '"2024-02-29T00:00:00.123456000Z"', ms("2024-02-29T00:00:00.123Z") + 0.456],
    [t.timestamp(), '"2024-05-01T12:00:00"', "has no zone"],
    [t.timestamp(), '"2024-05-01T12:00:00+0200"', "has no zone"],
    [t.timestamp(), '"2024-05-01T12:00:00+24:00"', "has no zone"],
    [t.timestamp(), '"2024-05-01T12:00:00Z "', "has no zone"],
    [t.timestamp(), '"2024-05-01"', "is no time"],
    [t.timestamp(), '"2024-05-01T24:00:00Z"', "is no time of the day"],
    [t.timestamp(), '"2024-05-01T23:59:60Z"', "is no time of the day"],
    [t.timestamp(), '"2024-05-01T12:00:0xZ"', "is no time of the day"],
    [t.timestamp(), '"2024-05-01T12:00:00.Z"', "is no time of the day"],
    [t.timestamp(), '"2023-02-29T00:00:00Z"', "is no day of the calendar"],
    [t.timestamp(), '"2024-05-01T12:00:00.1234567Z"', "is finer than a microsecond"],
    [t.timestamp(), '"1600-01-01T00:00:00Z"', "is out of range"],
    [t.timestamp(), "1714564800", "is no string"],
    [t.timestamp({ json: "s" }), "1714564800.000001", 1714564800000.001],
    [t.timestamp({ json: "s" }), "1714564800.0000001", "has more than 6 decimals"],
    [t.timestamp({ json: "ms" }), "-1.5", -1.5],
    [t.timestamp({ json: "ms" }), "8.64e15", "is out of range"],
    [t.timestamp({ json: "us" }), "9007199254740991", 9007199254740991 / 1000],
    [t.timestamp({ json: "us" }), "9007199254740992", "is out of range"],
    [t.timestamp({ json: "us" }), "1.5", "is no whole number"],
    [t.timestamp({ json: "ms" }), '"2024-05-01T12:00:00Z"', "is no number"],
    [t.date(), '"2024-02-29"', "2024-02-29"],
    [t.date(), '"1900-02-29"', "is no day of the calendar"],
    [t.date(), '"2024-13-01"', "is no day of the calendar"],
    [t.date(), '"2024-1-1"', "is no date"],
    [t.date(), '"0000-01-01"', "0000-01-01"],
  ])("reads as %o the text %s: %s", (type, text, expected) => {
    const found = value(type, text);
    expect(orReason(found, expected)).toEqual(expected);
  });
});

describe("other types", () => {
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
  it.each([
    [t.bytes(), '"AQID"', bytes(1, 2, 3)],
    [t.bytes(), '"\\/w=="', bytes(255)],
    [t.bytes(), '""', bytes()],
    [t.bytes(), '"AQI"', "its length is no multiple of 4"],
    [t.bytes(), '"AQ-_"', "is no base64"],
    [t.bytes(), '"AR=="', "bits that belong to no byte"],
    [t.bytes(), '"===="', "is no base64"],
    [t.json(), '{"a" : [1,2.50,"\\u0041"]}', { a: [1, 2.5, "A"] }],
    [t.json(), "[1,]", "a value expected"],
    [t.json(), "null", "is not nullable"],
    [t.json().nullable(), "null", null],
    [t.enum("red", "green"), '"gr\\u0065en"', "green"],
    [t.enum("red", "green"), '"blue"', 'Column "v": "blue" is none of "red", "green"'],
    [t.string().nullable(), "nul", "a value expected"],
  ])("reads as %o the text %s: %s", (type, text, expected) => {
    const found = value(type, text);
    expect(orReason(found, expected)).toEqual(expected);
  });

  it("keeps JSON as the text it was", () => {
    const [column] = decode(t.row({ v: t.json() }), '{"v": {"a" : 1.50} }').columns;
    expect(
      column?.layout === "text" &&
        Buffer.from(column.bytes.subarray(column.starts[0], column.ends[0])).toString(),
    ).toBe('{"a" : 1.50}');
  });
});
