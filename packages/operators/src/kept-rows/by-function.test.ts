import { expect, test } from "vitest";
import { t } from "@df/core";
import { batchOf, rowsOf } from "@df/core/batch/rows";
import { fixedKey, otherRows, rowsByFunction } from "./by-function.ts";

const Before = t.row({ key: t.string(), n: t.int32() });
const Stored = t.row({ n: t.int32(), key: t.string() });
const Now = t.row({ key: t.string(), half: t.float64(), note: t.string().nullable() });
const half = {
  name: "halves",
  before: Before.schema,
  make: ({ key, n }: Record<string, unknown>) => ({ key, half: (n as number) / 2 }),
};

test("rows go to a function with the columns that it declares, and what it gives are rows of now", () => {
  const stored = batchOf(Stored.schema, [
    { n: 3, key: "a" },
    { n: 4, key: "b" },
  ]);
  const change = rowsByFunction(half, Now.schema, "step");
  expect(rowsOf(change(stored, []))).toEqual([
    { key: "a", half: 1.5, note: null },
    { key: "b", half: 2, note: null },
  ]);
});

test("a row for which it throws, or gives no row, is told with its values, the step and the function", () => {
  const stored = batchOf(Stored.schema, [{ n: 3, key: "a" }]);
  const given = (make: (row: Record<string, unknown>) => unknown) => (): unknown =>
    rowsByFunction({ ...half, make }, Now.schema, "step")(stored, []);
  const fails = given(() => {
    throw new Error("odd.");
  });
  expect(fails).toThrow(
    'Step "step": its function "halves" cannot bring {"key":"a","n":3} over: odd. Nothing',
  );
  expect(given(({ key }) => ({ key }))).toThrow(/cannot bring .*"half".*\[DF_MIGRATE\]/);
  expect(given((row) => ({ ...row, half: 1 }))).toThrow(/cannot bring .*"n".*\[DF_MIGRATE\]/);
  expect(given(() => undefined)).toThrow("[DF_MIGRATE]");
  expect(given(() => null)).toThrow("[DF_MIGRATE]");
});

test("a function may not change values of a key that has the columns that it had: a table would keep the old ones", () => {
  const stored = batchOf(Stored.schema, [
    { n: 2, key: "a" },
    { n: 3, key: "B" },
  ]);
  const lower = {
    ...half,
    make: ({ key, n }: Record<string, unknown>) => ({ key: (key as string).toLowerCase(), half: n }),
  };
  const change = rowsByFunction(lower, Now.schema, "step");
  expect(rowsOf(change(stored, [])).map(({ key }) => key)).toEqual(["a", "b"]);
  expect(() => change(stored, ["key"])).toThrow(
    'cannot bring {"key":"B","n":3} over: it gives another "key", which may not change under the same name: what was shown of the row would stay. Nothing',
  );
  const [was, wider] = [
    t.row({ key: t.string() }).schema,
    t.row({ tenant: t.string(), key: t.string() }).schema,
  ];
  expect(fixedKey(was, was)).toEqual(["key"]);
  expect(fixedKey(was, wider)).toEqual([]);
});

test("a function takes exactly the columns that were stored, in any order", () => {
  expect(otherRows(half, ["n int32", "key string"])).toEqual([]);
  expect(otherRows(half, ["n int32?", "key string"])).toEqual([
    'Its function "halves" takes rows of (key string, n int32), and the state has rows of (n int32?, key string): declare those, or take the function out where the state has the columns of now.',
  ]);
  expect(otherRows(half, ["key string"])).toHaveLength(1);
});
