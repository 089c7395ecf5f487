import * as zlib from "node:zlib";
import { expect, test } from "vitest";
import { checkCompression } from "./compression.ts";

test("zstd is refused in words by a Node that has none, and snappy by none", () => {
  const { constants } = zlib;
  expect(() => checkCompression("zstd", { constants })).toThrow(
    /^Node .* does not write zstd\. .*\[DF_COMPRESSION\]$/,
  );
  expect(() => checkCompression("snappy", { constants })).not.toThrow();
  expect(() => checkCompression("zstd")).not.toThrow();
});
