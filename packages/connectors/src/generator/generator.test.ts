import { t } from "@df/core";
import { checkSource } from "@df/testing/check-source";
import { describe, expect, it } from "vitest";
import { generator } from "./generator.ts";

const Count = t.row({ n: t.int64(), text: t.string() });
const make = (n: number): { n: bigint; text: string } => ({ n: BigInt(n), text: `row ${n}` });

describe("generator", () => {
  it("makes every row once, and resumes from every position", async () => {
    const found = await checkSource(generator({ row: Count, rows: 10_001, splits: 3, make }), {
      rowsMax: 700,
    });
    expect(found.map(({ id }) => id)).toEqual(["0", "1", "2"]);
    expect(found.map(({ rows }) => rows.length)).toEqual([3334, 3334, 3333]);
    const all = found.flatMap(({ positions }) => positions).toSorted((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: 10_001 }, (_, n) => n));
  });

  it("makes the columns that are read only", async () => {
    const [found] = await checkSource(generator({ row: Count, rows: 2, make }), { columns: ["n"] });
    expect(found?.rows).toEqual([[0], [1]]);
  });

  it("ends at once with no rows", async () => {
    expect((await checkSource(generator({ row: Count, rows: 0, make })))[0]?.rows).toEqual([]);
  });

  it("refuses a row that does not fit its type", async () => {
    const Small = t.row({ n: t.int32() });
    await expect(
      checkSource(generator({ row: Small, rows: 1, make: () => ({ n: 2 ** 40 }) })),
    ).rejects.toThrow("DF_VALUE");
  });

  it.each([{ rows: -1 }, { rows: 1.5 }, { splits: 0 }])("refuses %j", (wrong) => {
    expect(() => generator({ row: Count, rows: 1, make, ...wrong })).toThrow("DF_OPTION");
  });

  it.each([-1, 0, 2, "x", null])("refuses the position %j in split 1 of 2", async (position) => {
    const spec = generator({ row: Count, rows: 9, splits: 2, make });
    const context = { schema: spec.schema, follow: false, generate: true, directory: "." };
    const source = await spec.open(context);
    expect(() => source.read({ id: "1" }, position)).toThrow("DF_POSITION");
  });
});
