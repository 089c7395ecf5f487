import { expect, test } from "vitest";
import { checkNode } from "./node-api.ts";

test("a Node that cannot load our SQLite is refused with words, before it crashes", () => {
  expect(() => checkNode({ node: "20.20.2", napi: "9" })).toThrow(
    /^dataflow needs Node 22\.18 or newer; this program runs in 20\.20\.2\. .*\[DF_NODE\]$/,
  );
});

test.each(["10", process.versions["napi"]])("a Node with Node-API %s will do", (napi) => {
  expect(() => checkNode({ node: "24.0.0", napi })).not.toThrow();
});
