import type { Column } from "@df/core";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { DecodedLines } from "../decoder.ts";
import { lines } from "./lines.ts";

interface Reading {
  readonly base?: number;
  readonly atEnd?: boolean;
  readonly rowsMax?: number;
  readonly recordBytesMax?: number;
}

function decode(content: string | Uint8Array, reading: Reading = {}): DecodedLines {
  const { base = 0, atEnd = true, rowsMax = 4096, recordBytesMax } = reading;
  const decoder = lines({ recordBytesMax });
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return decoder.open(decoder.schema, true).decode(bytes, base, atEnd, rowsMax);
}

function textsOf({ columns: [column], length }: DecodedLines): string[] {
  const { bytes, starts, ends } = column as Column & { readonly layout: "text" };
  return Array.from({ length }, (_, row) => Buffer.from(bytes.subarray(starts[row], ends[row])).toString());
}

describe("lines()", () => {
  it("makes a row of every line, also of an empty one, whatever ends it", () => {
    expect(textsOf(decode("a\r\n\nä \tb\r\n\r\nlast"))).toEqual(["a", "", "ä \tb", "", "last"]);
    expect(textsOf(decode("a\n"))).toEqual(["a"]);
    expect(textsOf(decode(""))).toEqual([]);
  });

  it("keeps a carriage return that stands elsewhere", () => {
    expect(textsOf(decode("a\rb\n\r\r\n"))).toEqual(["a\rb", "\r"]);
  });

  it("passes over a byte order mark at the very beginning only", () => {
    expect(textsOf(decode("\uFEFFa\n\uFEFFb\n"))).toEqual(["a", "\uFEFFb"]);
    expect(textsOf(decode("\uFEFFa\n", { base: 7 }))).toEqual(["\uFEFFa"]);
  });

  it("leaves a line that is not complete, and one beyond what is asked for", () => {
    const open = decode("a\nb", { atEnd: false });
    expect([textsOf(open), open.consumed]).toEqual([["a"], 2]);
    const some = decode("a\nb\nc\n", { rowsMax: 2, base: 10 });
    expect([textsOf(some), some.consumed, [...some.positions.subarray(0, 2)]]).toEqual([
      ["a", "b"],
      4,
      [10, 12],
    ]);
  });

  it("refuses a line that is no UTF-8, and takes those around it", () => {
    const found = decode(Uint8Array.from(Buffer.from("good\nb\xe4d\ngood too", "latin1")), { base: 100 });
    expect(textsOf(found)).toEqual(["good", "good too"]);
    expect(found.invalid).toEqual([
      { position: 105, raw: new Uint8Array([0x62, 0xe4, 0x64]), reason: "The line is no UTF-8" },
    ]);
  });

  it("takes a line of the allowed size, and refuses a longer one with its beginning", () => {
    const found = decode("12345\r\n123456\n1\n", { recordBytesMax: 5 });
    expect(textsOf(found)).toEqual(["12345", "1"]);
    expect(found.invalid).toMatchObject([{ position: 7, reason: "The line is longer than 5 bytes" }]);
    expect(Buffer.from(found.invalid[0]?.raw ?? []).toString()).toBe("12345");
  });

  it("gives up a line that is too long before it ends", () => {
    const wait = decode("12345\r", { recordBytesMax: 5, atEnd: false });
    expect([wait.consumed, wait.cut]).toEqual([0, false]);
    const cut = decode("1234567", { recordBytesMax: 5, atEnd: false });
    expect([cut.consumed, cut.cut, cut.invalid.length]).toEqual([7, true, 1]);
  });

  it("counts rows whose text nobody reads", () => {
    const found = lines().open({ fields: [] }, true).decode(Buffer.from("a\nb\n"), 0, true, 4096);
    expect([found.length, found.columns]).toEqual([2, []]);
  });

  it("passes over the rest of a line, in which only a carriage return is nothing", () => {
    const decoder = lines().open(lines().schema, true);
    expect(decoder.pass(Buffer.from("\r\nx"), "plain")).toEqual({
      consumed: 2,
      inside: undefined,
      isBlank: true,
    });
    expect(decoder.pass(Buffer.from(" \n"), "plain")).toMatchObject({ consumed: 2, isBlank: false });
    expect(decoder.pass(Buffer.from("\r"), "plain")).toEqual({ consumed: 1, inside: "plain", isBlank: true });
  });
});

test("lines of any bytes are what splitting them gives, however they are cut", () => {
  const piece = fc.constantFrom("a", "é", "\n", "\r", "\r\n", "😀", "xyz");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.integer({ min: 1, max: 9 }), (pieces, step) => {
      const text = pieces.join("");
      const parts = text.split("\n");
      const last = parts.pop() ?? "";
      const expected = [...parts, ...(last === "" ? [] : [last])].map((line) => line.replace(/\r$/, ""));
      const bytes = Buffer.from(text);
      const found: string[] = [];
      let at = 0;
      for (let end = step; at < bytes.length; end += step) {
        const atEnd = end >= bytes.length;
        const decoded = decode(bytes.subarray(at, end), { base: at, atEnd });
        expect(decoded.invalid).toEqual([]);
        found.push(...textsOf(decoded));
        at += decoded.consumed;
      }
      expect(found).toEqual(expected);
    }),
  );
});

test("recordBytesMax of lines() is checked", () => {
  expect(() => lines({ recordBytesMax: 0 })).toThrow("recordBytesMax of lines() is 0");
});
