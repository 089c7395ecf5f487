import { t } from "@df/core";
import type { Columns, RowType } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import { describe, expect, test } from "vitest";
import { fileText } from "./lines.testing.ts";
import { csvLines, jsonLines, parseTextFormat } from "./text-format.ts";

const bare = csvLines({ header: false });

/** The only cell of a row as CSV, and as JSON. */
function cell(type: Columns[string], value: unknown): readonly [csv: string, json: string] {
  const { schema } = t.row({ v: type });
  const batch = batchOf(schema, [{ v: value }]);
  const line = fileText(jsonLines(), batch);
  expect(line).toMatch(/^\{"v":[^]*\}\n$/);
  return [fileText(bare, batch).slice(0, -1), line.slice(5, -2)];
}

const micros = (value: bigint): unknown => ({ epochNanoseconds: value * 1000n });

/** Every ASCII character and some others, alone among letters, at each place that a word of four bytes has. */
const marked = Array.from({ length: 300 }, (_, code) => String.fromCharCode(code)).flatMap((character) =>
  ["", "a", "ab", "abc"].map((before) => `${before}${character}defghij`),
);

describe("a value is written exactly", () => {
  test.each([
    ["bool", t.bool(), true, "true", "true"],
    ["int32", t.int32(), -2_147_483_648, "-2147483648", "-2147483648"],
    ["int64", t.int64(), 9_007_199_254_740_993n, "9007199254740993", "9007199254740993"],
    ["int64", t.int64(), -(2n ** 63n), "-9223372036854775808", "-9223372036854775808"],
    ["float64", t.float64(), 0.1, "0.1", "0.1"],
    ["float64", t.float64(), -0, "-0", "-0"],
    ["float64", t.float64(), 1e15, "1000000000000000", "1000000000000000"],
    ["float64", t.float64(), -1e300, "-1e+300", "-1e+300"],
    ["float64", t.float64(), Number.NaN, "NaN", '"NaN"'],
    ["float64", t.float64(), -Infinity, "-Infinity", '"-Infinity"'],
    ["decimal", t.decimal(18, 2), "-0.05", "-0.05", '"-0.05"'],
    ["decimal", t.decimal(18, 2), "9999999999999999.99", "9999999999999999.99", '"9999999999999999.99"'],
    ["string", t.string(), "plain", "plain", '"plain"'],
    ["bytes", t.bytes(), Uint8Array.of(255, 0, 254, 1), "/wD+AQ==", '"/wD+AQ=="'],
    ["empty bytes", t.bytes(), new Uint8Array(0), '""', '""'],
    ["timestamp", t.timestamp(), 1500, "1970-01-01T00:00:01.500Z", '"1970-01-01T00:00:01.500Z"'],
    ["timestamp in s", t.timestamp({ json: "s" }), 1500, "1.5", "1.5"],
    ["timestamp in ms", t.timestamp({ json: "ms" }), 1500, "1500", "1500"],
    ["timestamp in ms", t.timestamp({ json: "ms" }), micros(-1n), "-0.001", "-0.001"],
    ["timestamp in µs", t.timestamp({ json: "us" }), 1500, "1500000", "1500000"],
    ["date", t.date(), "2026-01-31", "2026-01-31", '"2026-01-31"'],
    ["date", t.date(), "+012345-06-07", "+012345-06-07", '"+012345-06-07"'],
    ["json", t.json(), { a: [1, null] }, '"{""a"":[1,null]}"', '{"a":[1,null]}'],
  ] as const)("%s: %s %s", (_, type, value, asCsv, asJson) => {
    expect(cell(type, value)).toEqual([asCsv, asJson]);
  });

  test("integers of a column in which one is beyond 2^53", () => {
    const { schema } = t.row({ v: t.int64(), d: t.decimal(18, 2) });
    const rows = [
      { v: 2n ** 53n + 1n, d: "9999999999999999.99" },
      { v: -7n, d: "-0.07" },
    ];
    expect(fileText(bare, batchOf(schema, rows))).toBe("9007199254740993,9999999999999999.99\n-7,-0.07\n");
  });
});

describe("CSV", () => {
  test("quotes a field that holds a comma, a quote or an end of a line, and no other", () => {
    const quoted = (text: string): string => cell(t.string(), text)[0];
    expect(quoted("a,b")).toBe('"a,b"');
    expect(quoted('long enough "quoted"')).toBe('"long enough ""quoted"""');
    expect(quoted("a\nb")).toBe('"a\nb"');
    expect(quoted("a long line\r")).toBe('"a long line\r"');
    for (const value of marked) {
      expect(quoted(value)).toBe(/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
    }
    expect(quoted(" blanks and\ttabs; ü😀 ")).toBe(" blanks and\ttabs; ü😀 ");
  });

  test("tells null, which is nothing, from empty text, which is in quotes", () => {
    const { schema } = t.row({ a: t.string().nullable(), b: t.int32().nullable(), c: t.string() });
    expect(
      fileText(
        bare,
        batchOf(schema, [
          { a: null, b: null, c: "" },
          { a: "", b: 0, c: "x" },
        ]),
      ),
    ).toBe(',,""\n"",0,x\n');
  });

  test("does not let text at the beginning of a file pass for a byte order mark", () => {
    expect(cell(t.string(), "\uFEFFx")[0]).toBe('"\uFEFFx"');
  });

  test("begins with the names of the columns unless told not to", () => {
    const Row = t.row({ "a,b": t.int32(), 'say "x"': t.int32(), "": t.int32() });
    const batch = batchOf(Row.schema, [{ "a,b": 1, 'say "x"': 2, "": 3 }]);
    expect(fileText(csvLines(), batch)).toBe('"a,b","say ""x""",""\n1,2,3\n');
    expect(fileText(bare, batch)).toBe("1,2,3\n");
  });
});

describe("JSON Lines", () => {
  const text = (value: string): string => cell(t.string(), value)[1];

  test("escape what JSON.stringify escapes, wherever it stands", () => {
    for (const value of marked) expect(text(value)).toBe(JSON.stringify(value));
  });

  test("write nulls, and names as they are", () => {
    const Row: RowType<Columns> = t.row({ 'a"\n': t.string().nullable(), ü: t.decimal(4, 1).nullable() });
    expect(fileText(jsonLines(), batchOf(Row.schema, [{ 'a"\n': null, ü: null }]))).toBe(
      '{"a\\"\\n":null,"ü":null}\n',
    );
  });

  test("keep JSON that was written over several lines on one", () => {
    const { schema } = t.row({ v: t.json() });
    const bytes = Buffer.from('{\r\n\t"a": 1\n}');
    const columns = [
      { layout: "text", starts: Int32Array.of(0), ends: Int32Array.of(bytes.length), bytes },
    ] as const;
    const batch = { ...batchOf(schema, [{ v: 0 }]), columns };
    expect(fileText(jsonLines(), batch)).toBe('{"v":{   "a": 1 }}\n');
  });
});

test("text that is all escapes finds room", () => {
  const text = "\u0001".repeat(5000);
  const quotes = '"'.repeat(5000);
  expect(cell(t.string(), text)).toEqual([text, JSON.stringify(text)]);
  expect(cell(t.string(), quotes)[0]).toBe(`"${'""'.repeat(5000)}"`);
});

test.each([null, {}, { kind: "xml" }, { kind: "csv" }, { kind: "csv", header: 1 }])(
  "%j is refused as a format",
  (value) => {
    expect(() => parseTextFormat(value)).toThrow(/no format of lines.*\[DF_OPTION\]/);
  },
);
