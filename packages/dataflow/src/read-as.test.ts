import { expect, test } from "vitest";
import { t } from "./index.ts";
import { checkReadAs } from "./read-as.ts";

const { schema } = t.row({
  id: t.string(),
  kind: t.enum("a", "b"),
  total: t.int64(),
  price: t.decimal(9, 2),
  note: t.string().nullable(),
});

test("rows may be read as some of their columns, as they are or wider", () => {
  const wanted = t.row({
    note: t.string().nullable(),
    kind: t.enum("a", "b", "c"),
    id: t.string().nullable(),
    total: t.int64(),
  });
  expect(() => checkReadAs("gold", schema, wanted.schema)).not.toThrow();
});

test.each([
  ["cents", t.row({ cents: t.int64() }), `"cents" is no column, not int64`],
  ["total", t.row({ total: t.float64() }), `"total" is int64, not float64`],
  ["total", t.row({ total: t.int() }), `"total" is int64, not int64 read as a number`],
  ["price", t.row({ price: t.decimal(9, 4) }), `"price" is decimal(9,2), not decimal(9,4)`],
  ["note", t.row({ note: t.string() }), `"note" is string or null, not string`],
  ["kind", t.row({ kind: t.enum("a") }), `"kind" is string of a, b, not string of a`],
  ["id", t.row({ id: t.enum("a") }), `"id" is string, not string of a`],
])("rows are not read as a type in which %s is another", (_, wanted, words) => {
  const check = (): void => checkReadAs("gold", schema, wanted.schema);
  expect(check).toThrow(
    `Rows of sink "gold" are others: ${words}. Its columns are: id, kind, total, price, note. [DF_SINK_ROW]`,
  );
});
