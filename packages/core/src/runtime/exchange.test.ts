import { expect, test } from "vitest";
import type { Batch } from "../batch/batch.ts";
import { batchOf, rowsOf } from "../batch/rows.ts";
import { gatherRows } from "../batch/gather.ts";
import { t } from "../schema/kit.ts";
import { type ShardEnd, spreadingTarget } from "./exchange.ts";

const Row = t.row({ key: t.int(), ok: t.bool() });
const origin = { source: "s", split: "a", positions: Float64Array.of(10, 20, 30, 40) };
const batch = (ok: boolean): Batch => ({
  ...batchOf(
    Row.schema,
    [1, 2, 3, 4].map((key) => ({ key, ok: ok || key !== 3 })),
  ),
  origin,
});
/** Refuses rows that are not ok. */
const accepts = (given: Batch): boolean => rowsOf(given).every((row) => row["ok"] === true);

/** Ends that keep what they are given: keys, and the positions that come along. */
function ends(count: number): { readonly ends: ShardEnd[]; readonly seen: unknown[][] } {
  const seen: unknown[][] = Array.from({ length: count }, () => []);
  const made = seen.map((list): ShardEnd => ({
    push: () => "ok",
    full: () => false,
    pushRows: (given, rows, length) => {
      const some = gatherRows(given, rows, length);
      list.push({ keys: rowsOf(some).map(({ key }) => key), at: some.origin && [...some.origin.positions] });
    },
  }));
  return { ends: made, seen };
}

test.each([
  ["to the shards of their keys", ["key"], 2],
  ["all to one shard", [], 1],
])("rows that go %s bring along where they were read if one of them is refused", (_, key, count) => {
  const { ends: shards, seen } = ends(count);
  const target = spreadingTarget(shards, { schema: Row.schema, key, accepts });
  target.push({ kind: "batch", batch: batch(true) });
  target.push({ kind: "batch", batch: batch(false) });
  const given = seen.flat() as { readonly keys: number[]; readonly at: number[] | undefined }[];
  for (const round of [0, 1]) {
    const rows = seen.map((list) => list[round] as (typeof given)[number] | undefined);
    expect(rows.flatMap((each) => each?.keys ?? []).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
    for (const each of rows)
      expect(each?.at).toEqual(round === 0 ? undefined : each?.keys.map((k) => k * 10));
  }
});
