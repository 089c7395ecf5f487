import { describe, expect, test } from "vitest";
import { decodeZ85, encodeZ85 } from "./z85.ts";

describe("Z85", () => {
  test("writes the example of its specification, ZeroMQ RFC 32", () => {
    const bytes = Uint8Array.of(0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b);
    expect(encodeZ85(bytes)).toBe("HelloWorld");
    expect(decodeZ85("HelloWorld")).toEqual(bytes);
  });

  test("keeps the smallest and the largest bytes", () => {
    const bytes = Uint8Array.of(0, 0, 0, 0, 255, 255, 255, 255);
    expect(decodeZ85(encodeZ85(bytes))).toEqual(bytes);
  });

  test.each(["Hell", "Hello World", "Hell~", "#####"])("refuses %j, which is none", (text) => {
    expect(() => decodeZ85(text)).toThrow(/DF_DELTA_LOG/);
  });
});
