import { pick, t } from "@df/core";
import { describe, expect, it } from "vitest";
import { json } from "./json.ts";
import { decode, read, value } from "./read.testing.ts";

const Order = t.row({ id: t.int64(), name: t.string(), note: t.string().optional() });

describe("records", () => {
  it("takes keys in any order, blanks, CRLF and a last line without end", () => {
    const text = '{"id":1,"name":"a"}\r\n { "name" :\t"b" , "id":2 } \n{"note":"n","name":"c","id":3}';
    expect(read(Order, text)).toEqual({
      rows: [
        { id: 1n, name: "a", note: null },
        { id: 2n, name: "b", note: null },
        { id: 3n, name: "c", note: "n" },
      ],
      reasons: [],
    });
  });

  it("passes over blank lines and a byte order mark at the beginning of the split", () => {
    const { length, positions } = decode(Order, '\uFEFF{"id":1,"name":"a"}\n\n \t\r\n{"id":2,"name":"b"}\n');
    expect([length, ...positions.subarray(0, 2)]).toEqual([2, 3, 28]);
  });

  it("refuses a byte order mark elsewhere", () => {
    expect(read(Order, '{"id":1,"name":"a"}\n\uFEFF{"id":2,"name":"b"}').reasons).toEqual([
      expect.stringContaining("a JSON object expected at byte 0"),
    ]);
  });

  it("gives the place and the bytes of every row and of every record it refuses", () => {
    const text = '{"id":1,"name":"a"}\r\nnonsense\n{"id":2,"name":"b"}\n';
    const { raw, positions, invalid, length } = decode(Order, text);
    expect([...positions.subarray(0, length)]).toEqual([0, 30]);
    expect(new TextDecoder().decode(raw.bytes.subarray(raw.starts[0], raw.ends[0]))).toBe(
      '{"id":1,"name":"a"}',
    );
    expect(invalid).toEqual([
      {
        position: 21,
        raw: new TextEncoder().encode("nonsense"),
        reason: "a JSON object expected at byte 0 of the record, found nonsense",
      },
    ]);
  });

  it("decodes complete lines only, and says how far it came", () => {
    const bytes = new TextEncoder().encode('{"id":1,"name":"a"}\n{"id":2,"name"');
    const decoder = json(Order).open(Order.schema, false);
    expect(decoder.decode(bytes, 0, false, 4096)).toMatchObject({ length: 1, consumed: 20, cut: false });
    expect(decoder.decode(bytes.subarray(20), 20, false, 4096)).toMatchObject({ length: 0, consumed: 0 });
  });

  it("decodes no more records than it is asked for", () => {
    const bytes = new TextEncoder().encode('{"id":1,"name":"a"}\nbad\n{"id":2,"name":"b"}\n');
    const decoder = json(Order).open(Order.schema, false);
    expect(decoder.decode(bytes, 0, false, 2)).toMatchObject({ length: 1, consumed: 24 });
  });

  it("checks columns that are not read for presence and syntax, but not for their type", () => {
    const columns = pick(Order.schema, ["id"]);
    const text = '{"id":1,"name":7}\n{"id":2}\n{"id":3,"name":tru}\n{"id":4,"name":"\\x"}\n';
    expect(read(Order, text, columns)).toEqual({
      rows: [{ id: 1n }],
      reasons: [
        'Column "name": missing field',
        'Column "name": a value expected, found tru}',
        'Column "name": no such escape, found \\x"}',
      ],
    });
  });

  it.each([
    ["", "a key expected"],
    ['{"id":1,"name":"a"', '"}" expected at byte 18 of the record, found the end of the line'],
    ['{"id":1,"name":"a",}', "a key expected"],
    ['{"id":1 "name":"a"}', '"}" expected'],
    ['{"id":1,"name":"a"} x', "text behind the object"],
    ['{"id":1,"name":"a"}{"id":2}', "text behind the object"],
    ['[{"id":1,"name":"a"}]', "a JSON object expected"],
    ["null", "a JSON object expected"],
    ['{"id":1,"name":"a","x":[1,]}', "a value expected"],
    ['{"id":1,"name":"a","x":{"y"}}', '":" expected'],
    ['{"id":1,"name":"a","x":01}', "a number begins with 0"],
    ['{"id":1,"name":"a","x":1.}', "a digit expected"],
    ['{"id":1,"name":"a","x":1e}', "a digit expected"],
    ['{"id":1,"name":"a","x":.5}', "a value expected"],
    ['{"id":1,"name":"a","x":+5}', "a value expected"],
    ['{"id":1,"name":"a","x":NaN}', "a value expected"],
    ['{"id":1,"name":"a","x":-Infinity}', "a value expected"],
    ['{"id":1,"name":"a","x":"\\ud800"}', "half of a surrogate pair"],
    ['{"id":1,"name":"a","x":"\\udc00\\ud800"}', "half of a surrogate pair"],
    ['{"id":1,"name":"a\tb"}', "control character in a string"],
    ['{"id":1,"name":"a\0b"}', "control character in a string"],
    ['{"id":1,"name":"a}', "the string does not end"],
    ["{'id':1}", "a key expected"],
    ['{"id":1,"name":"a","id":1}', 'Column "id": duplicate key'],
    ['{"id":1,"name":"a","\\u0069d":1}', 'Column "id": duplicate key'],
    ['{"name":"a"}', 'Column "id": missing field'],
    ['{"id":null,"name":"a"}', 'Column "id": null is not nullable'],
    ['{"id":"1","name":"a"}', 'Column "id": "1" is no number'],
    ['{"id":1,"name":{"a":"b"}}', 'Column "name": {"a":"b"} is no string'],
  ])("refuses %s and says: %s", (line, reason) => {
    const { rows, reasons } = read(Order, line === "" ? "{,}" : line);
    expect(rows).toEqual([]);
    expect(reasons).toEqual([expect.stringContaining(reason)]);
  });

  it("shows no more than the beginning of a long value, whole characters only", () => {
    expect(value(t.int64(), `"${"é".repeat(100)}"`)).toBe(`Column "v": "${"é".repeat(19)}… is no number`);
  });

  it("goes on behind a refused record as if it had not been there", () => {
    const Wide = t.row({ a: t.int64().nullable(), b: t.string().nullable(), c: t.bool().nullable() });
    const text =
      '{"a":9007199254740993,"b":"\\u0041","c":true,}\n{"a":null,"b":null,"c":null}\n{"a":1,"b":"b","c":false}';
    const { columns, length } = decode(Wide, text);
    expect(length).toBe(2);
    expect(columns[0]).toMatchObject({ values: expect.any(Float64Array) as unknown });
    expect(read(Wide, text).rows).toEqual([
      { a: null, b: null, c: null },
      { a: 1n, b: "b", c: false },
    ]);
  });

  it("has a validity only where a value is null", () => {
    expect(decode(Order, '{"id":1,"name":"a","note":"n"}').columns[2]?.validity).toBeUndefined();
    expect(decode(Order, '{"id":1,"name":"a"}').columns[2]?.validity?.[0]).toBe(0);
  });

  it("points into the bytes it was given where nothing is escaped", () => {
    const bytes = new TextEncoder().encode('{"id":1,"name":"a"}\n');
    const [, name] = json(Order).open(Order.schema, true).decode(bytes, 0, false, 1).columns;
    const text = name?.layout === "text" ? name : undefined;
    expect([text?.starts[0], text?.ends[0]]).toEqual([16, 17]);
    expect(text?.bytes).toBe(bytes);
  });

  it("takes __proto__, constructor and toString for plain keys", () => {
    const Odd = t.row({ ["__proto__"]: t.string(), constructor: t.int32(), "": t.bool() });
    const { rows } = read(Odd, '{"toString":1,"constructor":5,"":true,"__proto__":"p"}');
    expect(Object.entries(rows[0] ?? {})).toEqual([
      ["__proto__", "p"],
      ["constructor", 5],
      ["", true],
    ]);
  });

  it("finds keys that are written with escapes or hold quotes", () => {
    const Odd = t.row({ 'a"b': t.int32(), "é\n": t.int32() });
    const line = '{"a\\"b":1,"\\u00e9\\n":2}\n';
    expect(read(Odd, line + line).rows).toEqual([
      { 'a"b': 1, "é\n": 2 },
      { 'a"b': 1, "é\n": 2 },
    ]);
  });

  it("tells many columns with similar names apart", () => {
    const names = Array.from({ length: 300 }, (_, i) => `column_${i}`);
    const Wide = t.row(Object.fromEntries(names.map((name) => [name, t.int32()])));
    const expected = Object.fromEntries(names.map((name, i) => [name, i]));
    const line = JSON.stringify(expected);
    const reversed = JSON.stringify(Object.fromEntries(names.map((name, i) => [name, i]).toReversed()));
    expect(read(Wide, `${line}\n${reversed}\n${line}`).rows).toEqual([expected, expected, expected]);
  });
});

describe("limits", () => {
  const nested = (depth: number): string =>
    `{"id":1,"name":"a","x":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;

  it("takes 128 levels and refuses the 129th", () => {
    expect(read(Order, nested(128)).rows.length).toBe(1);
    expect(read(Order, nested(129)).reasons).toEqual([expect.stringContaining("more than 128 levels deep")]);
  });

  it.each([1_000, 100_000, 500_000])("refuses %d levels without running out of stack", (depth) => {
    expect(read(Order, nested(depth)).reasons).toEqual([
      expect.stringContaining("more than 128 levels deep"),
    ]);
    expect(read(Order, `${'{"a":'.repeat(depth / 5)}\n`).reasons.length).toBe(1);
  });

  it("refuses a record over its size before it looks into it, keeping its beginning", () => {
    const line = JSON.stringify({ id: 1, name: "a".repeat(1_048_576) });
    const { invalid } = decode(Order, `${line}\n{"id":2,"name":"b"}`);
    expect(invalid).toMatchObject([{ reason: "The record is longer than 1048576 bytes" }]);
    expect(invalid[0]?.raw.length).toBe(1_048_576);
    expect(read(Order, `${line}\n{"id":2,"name":"b"}`).rows.length).toBe(1);
  });

  it("gives up a record that is over its size before its end has come", () => {
    const bytes = new TextEncoder().encode(`{"id":1,"name":"${"a".repeat(100)}`);
    const decoder = json(Order, { recordBytesMax: 50 }).open(Order.schema, true);
    expect(decoder.decode(bytes, 7, false, 10)).toMatchObject({
      length: 0,
      consumed: bytes.length,
      cut: true,
      invalid: [{ position: 7, raw: bytes.slice(0, 50) }],
    });
  });

  it("waits for the end of a record that has just the size that is allowed", () => {
    const line = '{"id":1,"name":"a"}\r\n';
    const bytes = new TextEncoder().encode(line);
    const decoder = json(Order, { recordBytesMax: line.length - 2 }).open(Order.schema, true);
    expect(decoder.decode(bytes.subarray(0, -1), 0, false, 10)).toMatchObject({ consumed: 0, invalid: [] });
    expect(decoder.decode(bytes, 0, false, 10)).toMatchObject({ length: 1, invalid: [] });
  });

  it.each([0, 1.5, Number.NaN, 2 ** 40])("refuses a limit of %d bytes", (recordBytesMax) => {
    expect(() => json(Order, { recordBytesMax })).toThrow("DF_OPTION");
  });

  it("reads numbers of a million digits in time", () => {
    const zeros = "0".repeat(500_000);
    const started = performance.now();
    expect(value(t.int64(), `1${zeros}1${zeros}1`)).toContain("is out of range");
    expect(value(t.int64(), `0.${zeros}1`)).toContain("is no whole number");
    expect(value(t.int64(), `1.${zeros}`)).toBe(1n);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe("UTF-8", () => {
  const withName = (...name: number[]): Uint8Array =>
    Uint8Array.of(...Buffer.from('{"id":1,"name":"'), ...name, ...Buffer.from('"}\n'));

  it.each([
    ["a lone continuation", [0x80]],
    ["a start without continuation", [0xc3]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["an overlong NUL", [0xe0, 0x80, 0x80]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a code point beyond Unicode", [0xf4, 0x90, 0x80, 0x80]],
    ["a byte that never occurs", [0xff]],
  ])("refuses %s, and keeps the records around it", (_, name) => {
    const good = Buffer.from('{"id":2,"name":"é"}\n');
    const { rows, reasons } = read(Order, Buffer.concat([good, withName(...name), good]));
    expect(reasons).toEqual(["The record is no UTF-8"]);
    expect(rows.map((row) => row["name"])).toEqual(["é", "é"]);
  });

  it("keeps NUL, other escapes and characters beyond 16 bits as they are", () => {
    expect(value(t.string(), String.raw`"\u0000\/\"\\\b\f\n\r\t\u00e9\u20AC\ud83d\ude00é€😀"`)).toBe(
      '\0/"\\\b\f\n\r\té€😀é€😀',
    );
  });
});
