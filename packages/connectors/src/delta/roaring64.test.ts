import { describe, expect, test } from "vitest";
import { decodeRoaring64, encodeRoaring64 } from "./roaring64.ts";

/** Bytes as readable hex. */
function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

describe("a 64-bit Roaring bitmap", () => {
  test("has the layout of the format's specification", () => {
    const expected = bytesOf(
      "0100000000000000" + // one 32-bit bitmap
        "00000000" + // its upper half
        "3a300000 02000000" + // no runs, two containers
        "0000 0100 0100 0000" + // keys and cardinalities less one
        "18000000 1c000000" + // offsets
        "0100 0500" + // 1 and 5
        "0200", // 65538
    );
    expect(Buffer.from(encodeRoaring64(Float64Array.of(1, 5, 65_538))).toString("hex")).toBe(
      Buffer.from(expected).toString("hex"),
    );
  });

  test("is read with run containers, which other writers use", () => {
    const bytes = bytesOf(
      "0100000000000000 00000000" +
        "3b300100" + // runs may be there, two containers
        "01" + // the first container is one
        "0000 0500 0100 0000" +
        "0200 0300 0200 0a00 0200" + // two runs: 3, 4, 5 and 10, 11, 12
        "0700",
    );
    expect([...decodeRoaring64(bytes)]).toEqual([3, 4, 5, 10, 11, 12, 65_543]);
  });

  test("holds no rows", () => {
    expect(decodeRoaring64(encodeRoaring64(new Float64Array(0)))).toHaveLength(0);
  });
});
