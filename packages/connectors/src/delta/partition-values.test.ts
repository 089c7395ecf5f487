import { t } from "@df/core";
import type { Column, Field, Type } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import { describe, expect, test } from "vitest";
import { valueText } from "../lake/value-text.ts";
import { partitionColumn } from "./partition-values.ts";

function fieldOf(type: Type<unknown, never>): Field {
  return t.row({ p: type }).schema.fields[0] as Field;
}

describe("values of partition columns", () => {
  test.each<[string, Type<unknown, never>, unknown]>([
    ["string", t.string(), "a=b/c ü"],
    ["bool", t.bool(), false],
    ["int32", t.int32(), -5],
    ["int64", t.int64(), 9223372036854775807n],
    ["decimal", t.decimal(18, 4), "-0.0500"],
    ["date", t.date(), "1969-02-28"],
    ["timestamp", t.timestamp(), -1500.001],
  ])("come back as they were written: %s", (_name, type, value) => {
    const field = fieldOf(type);
    const { columns } = batchOf({ fields: [field] }, [{ p: value }]);
    const written = columns[0] as Column;
    const text = valueText(field.type, written, 0);
    const read = partitionColumn(field, text, 2);
    expect(valueText(field.type, read, 0)).toBe(text);
    expect(valueText(field.type, read, 1)).toBe(text);
  });

  test.each([null, undefined, ""])("are null for %j", (text) => {
    expect(valueText({ kind: "string" }, partitionColumn(fieldOf(t.string()), text, 1), 0)).toBeNull();
  });

  test("are read in the forms other writers use", () => {
    const decimal = fieldOf(t.decimal(10, 2));
    expect(valueText(decimal.type, partitionColumn(decimal, "7", 1), 0)).toBe("7.00");
    const time = fieldOf(t.timestamp());
    const column = partitionColumn(time, "2026-01-02T03:04:05.5+01:00", 1);
    expect(valueText(time.type, column, 0)).toBe("2026-01-02 02:04:05.500000");
  });

  test.each<[Type<unknown, never>, string]>([
    [t.int64(), "1.5"],
    [t.bool(), "yes"],
    [t.decimal(4, 1), "1.25"],
    [t.date(), "soon"],
    [t.timestamp(), "soon"],
  ])("are refused when they are none of the type", (type, text) => {
    expect(() => partitionColumn(fieldOf(type), text, 1)).toThrow(/DF_DELTA_LOG/);
  });
});
