import { t } from "@df/core";
import type { Schema } from "@df/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { KernelRun } from "../kernel/records.ts";
import { Lessons } from "./lessons.ts";
import { JsonLines } from "./lines.ts";
import { OddValues } from "./odd-values.ts";
import { RecordReader } from "./record.ts";
import { said } from "./said.testing.ts";
import { Walks } from "./walks.ts";

const Event = t.row({
  type: t.string(),
  id: t.int(),
  price: t.float64().optional(),
  note: t.string().optional(),
  kind: t.enum("a", "b").nullable(),
}).schema;
const RECORD_BYTES_MAX = 2_000_000;
/** Lines that are read one by one before there is code for members in any order. */
const LINES_BEFORE = 4096;

/** A line whose layout does not come again. */
const line = (i: number): string => `{"x${i}":null,"id":${i},"kind":"a","type":"bid","price":${i / 8}}\n`;
const lines = (count: number, one = line, first = 0): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, i) => one(first + i)).join(""));

const walksOf = (schema: Schema, recordBytesMax = RECORD_BYTES_MAX): Walks =>
  new Walks({ schema, columns: schema, recordBytesMax });
const decoderOf = (walks: Walks | undefined, schema = Event, recordBytesMax = RECORD_BYTES_MAX): JsonLines =>
  new JsonLines(schema, schema, { recordBytesMax, walks });

/** Code for members in any order, and a decoder that has it. */
function opened(schema = Event, recordBytesMax = RECORD_BYTES_MAX): { walks: Walks; decoder: JsonLines } {
  const walks = walksOf(schema, recordBytesMax);
  for (let i = 0; i < LINES_BEFORE; i++) walks.kernel?.missed();
  return { walks, decoder: decoderOf(walks, schema, recordBytesMax) };
}

/** How many lines were read one by one. */
function interpreted(decoder: JsonLines, bytes: Uint8Array): number {
  const read = vi.spyOn(RecordReader.prototype, "read");
  let at = 0;
  while (at < bytes.length) at += decoder.decode(bytes.subarray(at), at, true, 4096).consumed;
  const { length } = read.mock.calls;
  read.mockRestore();
  return length;
}

/** Counts how often code is tried. */
function countRuns(walks: Walks): { readonly layouts: () => number; readonly members: () => number } {
  const { kernel } = walks;
  if (kernel?.runMembers === undefined) throw new Error("There is no code.");
  const [layouts, members] = [vi.fn<KernelRun>(kernel.run), vi.fn<KernelRun>(kernel.runMembers)];
  if (kernel.run !== undefined) kernel.run = layouts;
  kernel.runMembers = members;
  return { layouts: () => layouts.mock.calls.length, members: () => members.mock.calls.length };
}

afterEach(() => vi.restoreAllMocks());

describe("members in any order", () => {
  it("are read by code after some thousand lines of no known layout", () => {
    expect(interpreted(decoderOf(walksOf(Event)), lines(10_000))).toBe(LINES_BEFORE);
  });

  it.each([
    ["no blanks", '{"kind":"b","price":1.5,"id":1,"type":"bid"}\n'],
    ["one blank", '{ "kind" : null, "id" : 1, "type" : "bid" }\n'],
    ["any blanks", '\t {\r "kind"\t\t:  "b" \t,\t\t"id":\r\r1  ,  "type":"bid"  }\t \r\n'],
    ["the end of line of another system", '{"kind":"b","id":1,"type":"bid"}\r\n'],
    [
      "keys that are no columns",
      '{"":1,"typ":2,"types":"x","id":1,"kind":"a","éé":[],"type":"t","pric":-0.5e9}\n',
    ],
    ["nested values beside the columns", '{"a":{"b":[1,{"c":null}]},"id":1,"kind":"a","type":"t","z":[]}\n'],
    ["escapes", '{"type":"a\\n\\u0041","id":1,"other":"\\"\\ud83d\\ude00","kind":"\\u0061"}\n'],
    [
      "numbers out of the ordinary",
      '{"type":"t","id":1e2,"kind":"a","x":1E5,"price":-0.12345678901234567}\n',
    ],
    ["characters beyond ASCII", '{"type":"é","id":1,"кличка":"ключ","kind":"a"}\n'],
    ["long keys beside the columns", `{"type":"t","${"k".repeat(100)}":1,"id":1,"kind":"a"}\n`],
  ])("may have %s", (_, text) => {
    const { decoder } = opened();
    expect(interpreted(decoder, Buffer.from(text.repeat(3)))).toBe(0);
    const bytes = Buffer.from(text);
    expect(said(decoder.decode(bytes, 0, true, 4096))).toEqual(
      said(decoderOf(undefined).decode(bytes, 0, true, 4096)),
    );
  });

  it.each([
    ["a column twice", '{"type":"t","id":1,"kind":"a","id":1}'],
    ["a column too few", '{"type":"t","kind":"a"}'],
    ["no members", "{}"],
    ["no object", '["type"]'],
    ["two objects", '{"type":"t","id":1,"kind":"a"}{}'],
    ["a comma too much", '{"type":"t","id":1,"kind":"a",}'],
    ["a comma too few", '{"type":"t" "id":1,"kind":"a"}'],
    ["no colon", '{"type" "t","id":1,"kind":"a"}'],
    ["a key that does not end", '{"type":"t","id":1,"kind":"a","x'],
    ["a control character in a key", '{"type":"t","id":1,"kind":"a","x\u0001":1}'],
    ["a null where there must be none", '{"type":null,"id":1,"kind":"a"}'],
    ["a value that is not allowed", '{"type":"t","id":1,"kind":"c"}'],
    ["no value", '{"type":"t","id":,"kind":"a"}'],
    ["an escape that there is not", '{"type":"t","id":1,"kind":"a","x":"\\x"}'],
    ["too many levels", `{"type":"t","id":1,"kind":"a","x":${"[".repeat(128)}${"]".repeat(128)}}`],
  ])("are read one by one in a line with %s, which says the same reason", (_, text) => {
    const { decoder } = opened();
    const bytes = Buffer.from(`${line(1)}${text}\n${line(2)}`);
    expect(interpreted(decoder, bytes)).toBe(1);
    const expected = said(decoderOf(undefined).decode(bytes, 0, true, 4096));
    expect(said(decoder.decode(bytes, 0, true, 4096))).toEqual(expected);
  });

  it.each([
    ["", 0],
    ["\r", 0],
    [" ", 1],
    ["\t\r", 1],
  ])("may not be longer than a record may be, without the line's end: %j", (end, refused) => {
    const text = '{"type":"t","id":1,"kind":"a"}';
    const { decoder } = opened(Event, text.length);
    const bytes = Buffer.from(`${text}${end}\n`.repeat(3));
    const read = vi.spyOn(RecordReader.prototype, "read");
    const decoded = decoder.decode(bytes, 0, true, 4096);
    expect([decoded.length, decoded.invalid.length]).toEqual([3 - 3 * refused, 3 * refused]);
    expect(read).not.toHaveBeenCalled();
    expect(said(decoded)).toEqual(
      said(decoderOf(undefined, Event, text.length).decode(bytes, 0, true, 4096)),
    );
  });

  it("have common values, before blanks and ends too, read without a call, and passed over where nobody reads them", () => {
    const calls = [vi.spyOn(OddValues.prototype, "read"), vi.spyOn(OddValues.prototype, "skip")];
    const text =
      '{ "a": -1.5 , "id": 1 , "b" : false , "type": "t" , "kind" : "a" , "c": "s" , "price": 1.5 }\n';
    const bytes = Buffer.from(`${text}{"type":"t","c":null,"kind":"a","price":0.25,"id":12}\n`);
    expect(opened().decoder.decode(bytes, 0, true, 4096).length).toBe(2);
    const walks = new Walks({ schema: Event, columns: { fields: [] }, recordBytesMax: RECORD_BYTES_MAX });
    for (let i = 0; i < LINES_BEFORE; i++) walks.kernel?.missed();
    const decoder = new JsonLines(Event, { fields: [] }, { recordBytesMax: RECORD_BYTES_MAX, walks });
    expect(interpreted(decoder, bytes)).toBe(0);
    for (const called of calls) expect(called).not.toHaveBeenCalled();
  });

  it("may have keys with escapes, which are read one by one", () => {
    const bytes = Buffer.from(
      '{"t\\u0079pe":"t","id":1,"kind":"a"}\n{"x\\n":1,"type":"t","id":2,"kind":"a"}\n',
    );
    const { decoder } = opened();
    expect(interpreted(decoder, bytes)).toBe(2);
    expect(decoder.decode(bytes, 0, true, 4096).length).toBe(2);
  });

  it("are not taken for a column that is called as their key is spelled", () => {
    const { schema } = t.row({ "a\\u0062": t.string().optional(), id: t.int() });
    const { decoder } = opened(schema);
    const bytes = Buffer.from('{"a\\u0062":"ab","id":1}\n{"a\\\\u0062":"column","id":2}\n');
    const [column] = decoder.decode(bytes, 0, true, 4096).columns;
    expect([...(column?.validity?.subarray(0, 2) ?? [])]).toEqual([0, 1]);
  });

  it("may be more than a layout has, and 256 columns, of which each is found", () => {
    const names = Array.from({ length: 256 }, (_, i) => `column_number_${i}`);
    const schemaOf = (count: number): Schema => ({
      fields: names
        .slice(0, count)
        .map((name) => ({ name, type: { kind: "int32" }, nullable: false, optional: false })),
    });
    const wide = (i: number): string => {
      const members = names.map((name, at) => `"${name}":${i + at}`);
      return `{${[...members.slice(i * 3), ...members.slice(0, i * 3)].join(",")}}\n`;
    };
    const bytes = lines(80, wide);
    const { decoder } = opened(schemaOf(256));
    expect(interpreted(decoder, bytes)).toBe(0);
    const { columns } = decoder.decode(bytes, 0, true, 4096);
    for (const [at, column] of columns.entries()) {
      expect(column.layout === "int" && [...column.values.subarray(0, 80)]).toEqual(
        Array.from({ length: 80 }, (_, i) => i + at),
      );
    }
    expect(
      opened({ fields: [...schemaOf(256).fields, ...Event.fields] }).walks.kernel?.runMembers,
    ).toBeUndefined();
  });

  it("are read the same at the borders of windows, and in lines that are longer than one", () => {
    const sized = (i: number): string =>
      `{"x${i}":"${"é".repeat((i * 7919) % 3000)}","id":${i},"kind":"b","type":"${"t".repeat((i * 31) % 500)}"}\n`;
    const long = (length: number): string => `{"id":7,"kind":"a","type":"${"l".repeat(length)}"}\n`;
    const bytes = Buffer.concat([
      lines(200, sized),
      Buffer.from(long(131_072 - 30)),
      Buffer.from(long(200_000) + long(1_048_576)),
      lines(100, sized),
      Buffer.from(long(1_200_000)),
      lines(100, sized),
    ]);
    const { decoder } = opened();
    // Only the one that no window holds.
    expect(interpreted(decoder, bytes)).toBe(1);
    expect(said(decoder.decode(bytes, 0, true, 4096))).toEqual(
      said(decoderOf(undefined).decode(bytes, 0, true, 4096)),
    );
  });

  it("are read in lines of no layout between those of known ones, while the layouts go on to be tried", () => {
    const known = (i: number): string => `{"type":"bid","id":${i},"kind":"a"}\n`;
    const mixed = (i: number): string => (i % 10 === 3 ? line(i) : known(i));
    const { walks, decoder } = opened();
    decoder.decode(lines(20, known), 0, true, 4096);
    const runs = countRuns(walks);
    expect(interpreted(decoder, lines(3000, mixed))).toBe(0);
    expect([runs.layouts(), runs.members()]).toEqual([301, 300]);
  });

  it("let layouts be learned that come again", () => {
    const { walks, decoder } = opened();
    decoder.decode(lines(2000), 0, true, 4096);
    for (let i = 0; i < 6; i++)
      decoder.decode(
        lines(20, (at) => `{"type":"t","id":${at},"kind":"a"}\n`),
        0,
        true,
        4096,
      );
    expect(walks.kernel?.run).toBeDefined();
  });

  it("are read without a try of layouts where those know less than every second line", () => {
    const known = (i: number): string => `{"type":"bid","id":${i},"kind":"a"}\n`;
    const mixed = (i: number): string => (i % 3 === 0 ? known(i) : line(i));
    const { walks, decoder } = opened();
    decoder.decode(lines(20, known), 0, true, 4096);
    const runs = countRuns(walks);
    expect(interpreted(decoder, lines(12_000, mixed))).toBe(0);
    expect(runs.layouts()).toBeLessThan(4200);
    const before = runs.layouts();
    const more = lines(20_000, mixed);
    expect(interpreted(decoder, more)).toBe(0);
    expect(runs.layouts()).toBe(before);
    // They are tried again after a million records.
    for (let i = 0; i < 50; i++) interpreted(decoder, more);
    expect(runs.layouts()).toBeGreaterThan(before);
  });

  it("leave layouts in use where most lines are empty", () => {
    const { walks, decoder } = opened();
    const spaced = (i: number): string => `{"type":"bid","id":${i},"kind":"a"}\n\r\n\n`;
    decoder.decode(lines(20, spaced), 0, true, 4096);
    const runs = countRuns(walks);
    expect(interpreted(decoder, lines(12_000, spaced))).toBe(0);
    expect(runs.members()).toBe(0);
  });

  it("are not tried for long in lines whose keys have escapes", () => {
    vi.spyOn(Lessons.prototype, "take").mockReturnValue(undefined);
    const { walks, decoder } = opened();
    const runs = countRuns(walks);
    const escaped = (i: number): string => `{"\\u0069d":${i},"kind":"b","type":"t"}\n`;
    expect(interpreted(decoder, lines(12_000, escaped))).toBe(12_000);
    expect(runs.members()).toBeLessThan(4200);
  });
});
