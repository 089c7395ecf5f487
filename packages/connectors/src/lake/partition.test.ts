import { t } from "@df/core";
import { expect, test } from "vitest";
import { checkPartitionBy, parseSegment, partitionPath, partitionSegment } from "./partition.ts";

test("folders are escaped as Spark escapes them", () => {
  expect(partitionPath(["day", "city"], ["2026-01-31 10:00:00", "Zürich/\u0001"])).toBe(
    "day=2026-01-31 10%3A00%3A00/city=Zürich%2F%01",
  );
  expect(partitionPath([], [])).toBe("");
});

test("null and empty text go to the default partition, text that only reads like it does not", () => {
  expect(partitionSegment("p", null)).toBe("p=__HIVE_DEFAULT_PARTITION__");
  expect(partitionSegment("p", "")).toBe("p=__HIVE_DEFAULT_PARTITION__");
  expect(partitionSegment("p", "__HIVE_DEFAULT_PARTITION__")).toBe("p=%5F_HIVE_DEFAULT_PARTITION__");
});

test.each(["null", "NULL", "Null"])(
  "the text %s is not what DuckDB takes for a null, and comes back",
  (text) => {
    const segment = partitionSegment("p", text);
    expect(segment).toMatch(/^p=%[46]E/);
    expect(parseSegment(segment)).toEqual({ name: "p", value: text });
  },
);

test("a folder that is no partition is told apart", () => {
  expect(parseSegment("_commits")).toBeUndefined();
});

test("a value longer than a file name may be is refused with its column", () => {
  expect(() => partitionSegment("city", "é".repeat(126))).toThrow(
    /column "city".*257 bytes.*\[DF_PARTITION\]/,
  );
  expect(partitionSegment("c", "x".repeat(253))).toHaveLength(255);
});

test.each([
  [["nope"], "DF_NO_COLUMN"],
  [["raw"], "DF_PARTITION"],
  [["day", "day"], "DF_PARTITION"],
])("partitionBy %j is refused", (partitionBy, code) => {
  const { schema } = t.row({ day: t.date(), raw: t.bytes(), amount: t.int32() });
  expect(() => checkPartitionBy(schema, partitionBy)).toThrow(code);
  expect(() => checkPartitionBy(schema, ["day"])).not.toThrow();
});

test("a table whose columns are all partition columns is refused", () => {
  expect(() => checkPartitionBy(t.row({ day: t.date() }).schema, ["day"])).toThrow("DF_PARTITION");
});
