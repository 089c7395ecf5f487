import { describe, expect, it } from "vitest";
import type { Branch } from "./kernel-tree.ts";
import { treeOf } from "./kernel-tree.ts";
import type { Layout } from "./layout.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A layout of strings; the number of a key is that of its column. */
function layout(end: string, ...literals: string[]): Layout {
  const slots = literals.map((literal) => ({
    literal: bytes(literal),
    field: Number(/\d/.exec(literal)?.[0]),
    kind: "string" as const,
  }));
  return { slots, end: bytes(end) };
}

type Shown = Record<string, unknown>;
const show = (branches: readonly Branch[]): Shown =>
  Object.fromEntries(
    branches.map((one) => [
      Buffer.from(one.literal).toString(),
      "next" in one ? show(one.next) : [...one.present],
    ]),
  );

describe("the tree of layouts", () => {
  it("has once what layouts begin with, and the fields of each at its end", () => {
    const tree = treeOf([
      layout("}\n", '{"0":', ',"1":', ',"2":'),
      layout("}\n", '{"0":', ',"1":', ',"3":'),
      layout("}\r\n", '{"0":', ',"1":'),
    ]);
    expect(show(tree)).toEqual({
      '{"0":': { ',"1":': { ',"2":': { "}\n": [0, 1, 2] }, ',"3":': { "}\n": [0, 1, 3] }, "}\r\n": [0, 1] } },
    });
  });

  it("has a literal before those that it begins with: a blank more would be taken for a value", () => {
    const tree = treeOf([layout("}\n", '{"0":'), layout("}\n", '{"0": ')]);
    expect(tree.map(({ literal }) => Buffer.from(literal).toString())).toEqual(['{"0": ', '{"0":']);
  });

  it("is empty without layouts", () => {
    expect(treeOf([])).toEqual([]);
  });
});
