import { t } from "@df/core";
import { checkSource } from "@df/testing/check-source";
import { describe, expect, it } from "vitest";
import { memorySource } from "./source.ts";

const Count = t.row({ n: t.int32(), text: t.string().optional() });
const rows = (length: number): { n: number }[] => Array.from({ length }, (_, n) => ({ n }));

describe("memorySource", () => {
  it("delivers an array as one split, and resumes from every position", async () => {
    const [found] = await checkSource(memorySource(rows(9_000), Count), { rowsMax: 1000 });
    expect(found?.rows.map(([n]) => n)).toEqual(rows(9_000).map(({ n }) => n));
  });

  it("delivers one split for each name, in the order of the names", async () => {
    const found = await checkSource(memorySource({ b: rows(1), a: [] }, Count));
    expect(found.map((split) => [split.id, split.rows.length])).toEqual([
      ["a", 0],
      ["b", 1],
    ]);
  });

  it("delivers the columns that are read only", async () => {
    const [found] = await checkSource(memorySource([{ n: 1, text: "a" }, { n: 2 }], Count), {
      columns: ["text"],
    });
    expect(found?.rows).toEqual([["61"], [null]]);
  });

  it("delivers rows pushed while it is followed", async () => {
    const log = rows(1);
    const spec = memorySource(log, Count);
    const source = await spec.open({ schema: spec.schema, follow: true, generate: true, directory: "." });
    const reader = source.read({ id: "0" }, undefined);
    expect(await reader.poll(10)).toMatchObject({ length: 1, next: 1 });
    expect(await reader.poll(10)).toBe("idle");
    log.push({ n: 7 });
    expect(await reader.poll(10)).toMatchObject({ length: 1, next: 2 });
  });

  it.each([-1, 4, 0.5, "x", null])("refuses the position %j", async (position) => {
    const spec = memorySource(rows(3), Count);
    const source = await spec.open({ schema: spec.schema, follow: false, generate: true, directory: "." });
    expect(() => source.read({ id: "0" }, position)).toThrow("DF_POSITION");
  });
});
