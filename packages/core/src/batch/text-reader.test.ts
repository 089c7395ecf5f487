import fc from "fast-check";
import { expect, test } from "vitest";
import { ColumnBuilder } from "./builder.ts";
import type { Column } from "./column.ts";
import { TextReader } from "./text-reader.ts";

function columnOf(texts: readonly string[]): Column {
  const builder = new ColumnBuilder({ kind: "string" }, 4);
  for (const text of texts) builder.string(text);
  return builder.take();
}

const text = fc.oneof(
  fc.constantFrom("", "bid", "bit", "bad", "person", "auction", "bidbidbid", "bidbadbid", "bi", "\0", "\0\0"),
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.string({ minLength: 20, maxLength: 28 }),
);

test("each text is read as it is, whatever was read before it", () => {
  fc.assert(
    fc.property(fc.array(fc.array(text, { maxLength: 40 }), { maxLength: 4 }), (batches) => {
      const reader = new TextReader();
      for (const texts of batches) {
        const column = columnOf(texts);
        expect(texts.map((_, row) => reader.read(column, row))).toEqual(texts);
      }
    }),
  );
});

test("bytes that were written over are read anew", () => {
  const reader = new TextReader();
  const column = columnOf(["bid", "a text that is longer than those that are known"]);
  reader.read(column, 0);
  reader.read(column, 1);
  if (column.layout === "text") column.bytes.fill(0x78);
  expect(reader.read(column, 0)).toBe("xxx");
  expect(reader.read(column, 1)).toMatch(/^x+$/);
});

test("a column whose texts are all different is not looked up any more, and still read right", () => {
  const reader = new TextReader();
  const texts = Array.from({ length: 5000 }, (_, i) => `t${i}`);
  const column = columnOf(texts);
  expect(texts.map((_, row) => reader.read(column, row))).toEqual(texts);
});

test("a text that is the name of something that every object has is read as any other", () => {
  const reader = new TextReader();
  const column = columnOf(Array.from({ length: 40 }, () => "__proto__"));
  const texts = Array.from({ length: 40 }, (_, row) => reader.read(column, row));
  expect(new Set(texts)).toEqual(new Set(["__proto__"]));
});
