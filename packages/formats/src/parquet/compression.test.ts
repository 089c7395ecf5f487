import { expect, test } from "vitest";
import { checkCompression } from "./compression.ts";

test("zstd is refused in words by a Node that has none, and snappy by none", () => {
  expect(() => checkCompression("zstd", false)).toThrow(
    /^Node .* does not write zstd\. .*\[DF_COMPRESSION\]$/,
  );
  expect(() => checkCompression("snappy", false)).not.toThrow();
  expect(() => checkCompression("zstd")).not.toThrow();
});
