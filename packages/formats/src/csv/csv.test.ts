import { pick, t } from "@df/core";
import { describe, expect, it } from "vitest";
import { csv } from "./csv.ts";
import { decode, opened, read } from "./read.testing.ts";

const Order = t.row({ id: t.int64(), name: t.string(), note: t.string().optional() });
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("records", () => {
  it("end with LF or CRLF, the last one also with the file", () => {
    expect(read(Order, "id,name,note\r\n1,a,\n2,b,x\r\n3,c,y")).toEqual({
      rows: [
        { id: 1n, name: "a", note: null },
        { id: 2n, name: "b", note: "x" },
        { id: 3n, name: "c", note: "y" },
      ],
      reasons: [],
    });
    expect(read(Order, "id,name,note\n1,a,b\r").rows).toEqual([{ id: 1n, name: "a", note: "b" }]);
  });

  it("may hold delimiters, quotes and line breaks in quotes", () => {
    expect(read(Order, 'id,name,note\n1,"a,b","""x""\r\ny\n"\n"2","","2, ""3"" 4"').rows).toEqual([
      { id: 1n, name: "a,b", note: '"x"\r\ny\n' },
      { id: 2n, name: "", note: '2, "3" 4' },
    ]);
  });

  it("are not made of empty lines, and the byte order mark at the beginning is none", () => {
    const { length, positions, invalid } = decode(Order, "\uFEFFid,name,note\n\n1,a,b\n\r\n2,b,c\n\n");
    expect([length, ...positions.subarray(0, 2)]).toEqual([2, 17, 25]);
    expect(invalid).toEqual([]);
  });

  it("are made of empty lines where there is one column only", () => {
    const One = t.row({ a: t.string().nullable() });
    expect(read(One, '\n\na\n1\n\n""\r\n\r\n').rows).toEqual([
      { a: "1" },
      { a: null },
      { a: "" },
      { a: null },
    ]);
  });

  it("may have other delimiters and quotes", () => {
    const options = { delimiter: ";", quote: "'" } as const;
    expect(read(Order, "id;name;note\n1;'a;''b''';x,\"y\"\n", options).rows).toEqual([
      { id: 1n, name: "a;'b'", note: 'x,"y"' },
    ]);
    expect(read(Order, "id\tname\tnote\n1\ta b\t\n", { delimiter: "\t" }).rows).toEqual([
      { id: 1n, name: "a b", note: null },
    ]);
  });

  it("are told with their places and their bytes, those that are refused, too", () => {
    const text = '1,"a\n,",\r\n2,b\n3,c,d\n';
    const { raw, positions, invalid, length } = decode(Order, text, { header: false });
    const raws = Array.from({ length }, (_, i) =>
      Buffer.from(raw.bytes.subarray(raw.starts[i], raw.ends[i])).toString(),
    );
    expect([...positions.subarray(0, length)]).toEqual([0, 14]);
    expect(raws).toEqual(['1,"a\n,",', "3,c,d"]);
    expect(invalid).toEqual([
      { position: 10, raw: encode("2,b"), reason: "The record has 2 fields, 3 expected" },
    ]);
  });

  it.each([
    ["1,a", "The record has 2 fields, 3 expected"],
    ["1,a,b,c", "The record has 4 fields, 3 expected"],
    [" ", "The record has 1 fields, 3 expected"],
    ['1,a"b,c', "A quote stands in a field that does not begin with one"],
    ['1, "a",c', "A quote stands in a field that does not begin with one"],
    ['1,"a"b,c', "Field 2 goes on behind its closing quote"],
    ['1,"a" ,c', "Field 2 goes on behind its closing quote"],
    ['1,a"b,"x\ny"', "A quote stands in a field that does not begin with one"],
    ['1,"a"b","x"', "Field 2 goes on behind its closing quote"],
    ["1,a\rb,c", "A carriage return stands outside of quotes, and not before a line feed"],
    ['1,"a"\rb,c', "A carriage return stands outside of quotes, and not before a line feed"],
    [",a,b", 'Column "id": "" without quotes means null: not nullable'],
    ["1,,b", 'Column "name": "" without quotes means null: not nullable'],
    ["x,a,b", 'Column "id": "x" is no number'],
    [`${"é".repeat(50)},a,b`, `Column "id": "${"é".repeat(20)}"… is no number`],
    [`x${"é".repeat(50)},a,b`, `Column "id": "x${"é".repeat(19)}"… is no number`],
  ])("are refused as %j with: %s", (line, reason) => {
    const after = "\n7,g,\n";
    expect(read(Order, line + after, { header: false })).toEqual({
      rows: [{ id: 7n, name: "g", note: null }],
      reasons: [reason],
    });
  });

  it("are refused in their order, each for the first column that does not fit", () => {
    const Two = t.row({ a: t.int32(), b: t.int32() });
    const { length, invalid } = decode(Two, "1,1\nx,y\n1\n2,2\n3,z\n", { header: false });
    expect(length).toBe(2);
    expect(invalid.map(({ position, reason }) => [position, reason])).toEqual([
      [4, 'Column "a": "x" is no number'],
      [8, "The record has 1 fields, 2 expected"],
      [14, 'Column "b": "z" is no number'],
    ]);
  });

  it("are refused at the end of the file for a quote that is never closed", () => {
    const { invalid, length } = decode(Order, '1,a,b\n2,"c,d\n3,e,f\n', { header: false });
    expect(length).toBe(1);
    expect(invalid).toEqual([
      { position: 6, raw: encode('2,"c,d\n3,e,f\n'), reason: "A quote is never closed" },
    ]);
    expect(decode(Order, '2,"c', { header: false }).invalid).toMatchObject([{ raw: encode('2,"c') }]);
    expect(decode(Order, '2,b,"c""', { header: false }).invalid).toMatchObject([{ raw: encode('2,b,"c""') }]);
  });

  it("that are refused leave nothing behind in the next ones", () => {
    const Wide = t.row({ a: t.int64().nullable(), b: t.string().nullable(), c: t.bool().nullable() });
    const text = '9007199254740993,"a""b",x\n,,\n1,b,false\n9007199254740993,b,x';
    const { columns, length } = decode(Wide, text, { header: false });
    expect(length).toBe(2);
    expect(columns[0]).toMatchObject({ values: expect.any(Float64Array) as unknown });
    expect(read(Wide, text, { header: false }).rows).toEqual([
      { a: null, b: null, c: null },
      { a: 1n, b: "b", c: false },
    ]);
  });

  it("come as complete ones only, and no more than asked for", () => {
    const bytes = encode('1,a,b\nbad\n2,"b\n",c\n3,"c');
    const { decoder } = opened(Order, bytes, { header: false });
    expect(decoder.decode(bytes, 0, false, 2)).toMatchObject({ length: 1, consumed: 10, cut: false });
    expect(decoder.decode(bytes.subarray(10, 15), 10, false, 9)).toMatchObject({ length: 0, consumed: 0 });
    expect(decoder.decode(bytes.subarray(10), 10, false, 9)).toMatchObject({ length: 1, consumed: 9 });
    expect(decoder.decode(bytes.subarray(19), 19, false, 9)).toMatchObject({ length: 0, consumed: 0 });
  });

  it("point into the bytes that were given where no quote is doubled", () => {
    const bytes = encode('1,"a,b",c\n');
    const { decoder } = opened(Order, bytes, { header: false });
    const [, name] = decoder.decode(bytes, 0, false, 1).columns;
    expect(name).toMatchObject({ layout: "text", starts: Int32Array.of(3), ends: Int32Array.of(6) });
    expect(name?.layout === "text" && name.bytes).toBe(bytes);
  });

  it("are read for the columns that are wanted, and checked for no other's type", () => {
    const columns = pick(Order.schema, ["name"]);
    expect(read(Order, "id,name\nx,a\n,b\n2\n", { columns })).toEqual({
      rows: [{ name: "a" }, { name: "b" }],
      reasons: ["The record has 1 fields, 2 expected"],
    });
  });

  it("are decoded in any number at once", () => {
    const text = Array.from({ length: 4096 }, (_, i) => `${i},"",\n`).join("");
    const { rows, reasons } = read(Order, text, { header: false });
    expect(reasons).toEqual([]);
    expect(rows.map(({ id }) => Number(id))).toEqual(Array.from({ length: 4096 }, (_, i) => i));
  });
});

describe("the header", () => {
  it("may name the columns in any order, and others between them", () => {
    expect(read(Order, 'x,name,"y,""z",id,note\n"q""",a,,1,n\n').rows).toEqual([
      { id: 1n, name: "a", note: "n" },
    ]);
  });

  it("may lack what is optional, and have names twice that are no columns", () => {
    expect(read(Order, "x,name,x,,,id\n,a,,,,1\n").rows).toEqual([{ id: 1n, name: "a", note: null }]);
  });

  it.each([
    ["id,Name,note", 'The header has no column "name": id,Name,note.'],
    ["1;a;b", 'The header has no column "id", "name": 1;a;b. Declare what may be absent'],
    ["id,name,id", 'The header has the column "id" twice: id,name,id.'],
    ['id,"name\nnote\n', "The header has a quote that is never closed."],
    ['id,"name"x,note\n', "The header cannot be read: Field 2 goes on behind its closing quote."],
    [`id,${"x".repeat(300)}`, `id,${"x".repeat(197)}…. Declare`],
  ])("is refused as %j with: %s", (header, message) => {
    const head = (text: string): unknown => csv(Order).open(Order.schema, true).head?.(encode(text), true);
    expect(() => head(header)).toThrow(message);
    expect(() => head(header)).toThrow("DF_CSV_HEADER");
    expect(() => head(`${header}\n1,a,b\n`)).toThrow(message);
  });

  it("is refused where it is no UTF-8, or longer than a record may be", () => {
    const broken = Uint8Array.of(...encode("id,name,"), 0xff, 10);
    expect(() => read(Order, broken)).toThrow("no UTF-8");
    const head = (text: string, recordBytesMax: number): unknown =>
      csv(Order, { recordBytesMax }).open(Order.schema, true).head?.(encode(text), false);
    expect(() => head("id,name\n", 6)).toThrow("longer than 6 bytes");
    expect(head("id,name\r\n", 7)).toBe(9);
    expect(head("id,name\r", 7)).toBeUndefined();
    expect(() => head('id,"name', 7)).not.toThrow();
    expect(() => head('id,"name\n', 7)).toThrow("longer than 7 bytes");
  });

  it("is waited for, with the byte order mark before it", () => {
    const bytes = encode('\uFEFF\r\nid,"na""me",name\r\n1');
    const decoder = csv(Order).open(Order.schema, true);
    const heads = Array.from({ length: bytes.length }, (_, i) => decoder.head?.(bytes.subarray(0, i), false));
    expect(heads).toEqual(heads.map((_, i) => (i < bytes.length - 1 ? undefined : bytes.length - 1)));
    const plain = csv(Order, { header: false }).open(Order.schema, true);
    expect([0, 1, 2, 3, 4].map((i) => plain.head?.(bytes.subarray(0, i), false))).toEqual([
      undefined,
      undefined,
      undefined,
      3,
      3,
    ]);
    expect(plain.head?.(encode("1"), false)).toBe(0);
    expect(plain.head?.(encode(""), true)).toBe(0);
  });

  it("that is all there is is checked, and waited for further", () => {
    const decoder = csv(Order).open(Order.schema, true);
    expect(decoder.head?.(encode("id,name"), true)).toBeUndefined();
    expect(decoder.head?.(encode(""), true)).toBeUndefined();
  });
});

describe("limits", () => {
  it("refuse a record unread, keeping its beginning, whether its end has come or not", () => {
    const bytes = encode(`1,a,b\n2,"${"x\n".repeat(30)}",c\n3,d,e\n`);
    const options = { header: false, recordBytesMax: 50 };
    const reason = "The record is longer than 50 bytes";
    const invalid = [{ position: 6, raw: bytes.slice(6, 56), reason }];
    expect(opened(Order, bytes, options).decoder.decode(bytes, 0, false, 9)).toMatchObject({
      length: 2,
      invalid,
      cut: false,
      consumed: bytes.length,
    });
    const { decoder } = opened(Order, bytes, options);
    expect(decoder.decode(bytes.subarray(0, 60), 0, false, 9)).toMatchObject({
      length: 1,
      invalid,
      cut: true,
      consumed: 60,
      inside: "quoted",
    });
    expect(decoder.pass(bytes.subarray(60), "quoted")).toMatchObject({ consumed: 13, inside: undefined });
  });

  it("wait for the end of a record that has just the size that is allowed", () => {
    const bytes = encode('1,"a",b\r\n');
    const { decoder } = opened(Order, bytes, { header: false, recordBytesMax: 7 });
    expect(decoder.decode(bytes.subarray(0, -1), 0, false, 9)).toMatchObject({ consumed: 0, invalid: [] });
    expect(decoder.decode(bytes, 0, false, 9)).toMatchObject({ length: 1, invalid: [] });
  });

  it.each([
    { recordBytesMax: 0 },
    { recordBytesMax: 1.5 },
    { recordBytesMax: 2 ** 40 },
    { delimiter: "" },
    { delimiter: ",," },
    { delimiter: "." },
    { delimiter: "-" },
    { delimiter: "e" },
    { delimiter: "7" },
    { delimiter: "\n" },
    { delimiter: "§" },
    { delimiter: '"' },
    { delimiter: "'", quote: "'" } as const,
    { quote: "|" } as never,
    { nulls: "a,b" },
    { nulls: 'a"' },
    { nulls: "\n" },
  ])("refuse the options %j", (options) => {
    expect(() => csv(Order, options)).toThrow("DF_OPTION");
  });
});

describe("UTF-8", () => {
  it.each([
    ["a lone continuation", [0x80]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a byte that never occurs", [0xff]],
  ])("is required, also of columns that are not read: %s", (_, name) => {
    const bytes = Uint8Array.of(...encode("1,é,\n2,"), ...name, ...encode(",\n3,ü,\n"));
    const columns = pick(Order.schema, ["id"]);
    expect(read(Order, bytes, { header: false, columns })).toEqual({
      rows: [{ id: 1n }, { id: 3n }],
      reasons: ["The record is no UTF-8"],
    });
  });
});
