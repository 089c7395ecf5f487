import { expect, test } from "vitest";
import { t } from "../schema/kit.ts";
import type { Batch } from "./batch.ts";
import { copyRows } from "./copy.ts";
import { batchOf, rowsOf } from "./rows.ts";

const Row = t.row({ n: t.int(), s: t.string().nullable() });
const long = "a text so long that its bytes are copied natively and not one by one";
const given = [
  { n: 1, s: "one" },
  { n: 2, s: null },
  { n: 3, s: long },
  { n: 4, s: "" },
];

/** A batch whose rows have raw records. */
function read(): Batch {
  const bytes = Buffer.from("1,2,3,4");
  const raw = { starts: Int32Array.of(0, 2, 4, 6), ends: Int32Array.of(1, 3, 5, 7), bytes };
  const positions = Float64Array.of(0, 2, 4, 6);
  return { ...batchOf(Row.schema, given), origin: { source: "s", split: "a", positions, raw } };
}

test("a copy has the chosen rows in their order, with their raw records, and shares no memory", () => {
  const batch = read();
  const copy = copyRows(batch, Int32Array.of(3, 2, 2, 0), 4);
  for (const column of batch.columns) if (column.layout === "text") column.bytes.fill(0);
  batch.origin?.raw?.bytes.fill(0);
  batch.times.fill(Number.NaN);
  expect(rowsOf(copy)).toEqual([given[3], given[2], given[2], given[0]]);
  expect([...(copy.origin?.positions ?? [])]).toEqual([6, 4, 4, 0]);
  const { starts, ends, bytes } = copy.origin?.raw ?? { starts: [], ends: [], bytes: new Uint8Array() };
  const raw = [...starts].map((start, i) => Buffer.from(bytes.subarray(start, ends[i])).toString());
  expect(raw).toEqual(["4", "3", "3", "1"]);
});
