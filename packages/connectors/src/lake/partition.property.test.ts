import { unicodeText } from "@df/testing/unicode-text";
import fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_PARTITION, parseSegment, partitionSegment } from "./partition.ts";

const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  unicodeText(20),
  fc.constantFrom(
    "",
    ".",
    "..",
    "../..",
    "/",
    "a/b",
    "a\\b",
    "%2E",
    "%",
    DEFAULT_PARTITION,
    "a=b",
    "\0",
    "é",
    "𐀀",
    " ",
  ),
);

test("any value is one folder name below the root, and reads back as it was", () => {
  fc.assert(
    fc.property(text, fc.option(text), (name, value) => {
      const segment = partitionSegment(name, value);
      expect(segment).not.toMatch(/[/\\\0]/);
      expect([".", "..", ""]).not.toContain(segment);
      expect(parseSegment(segment)).toEqual({ name, value: value === "" ? null : value });
    }),
  );
});

test("two values share a folder only if both are empty", () => {
  fc.assert(
    fc.property(fc.option(text), fc.option(text), (a, b) => {
      const isSame = (a ?? "") === (b ?? "");
      expect(partitionSegment("p", a) === partitionSegment("p", b)).toBe(isSame);
    }),
  );
});
