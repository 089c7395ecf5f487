import Database from "better-sqlite3";
import { expect, test } from "vitest";
import type { Marker } from "../connector.ts";
import { type Adopted, beginAdoption, finishAdoption } from "./adoption.ts";
import { ancestorsOf } from "./ancestors.ts";
import { MetaTable } from "./meta-table.ts";
import { bringToFormat } from "./state-format.ts";

/** A state of lineage "old", at an epoch, that has adopted targets. */
function ancestorsAfter(epoch: number, shown: readonly (readonly [string, number])[]): unknown {
  const db = new Database(":memory:");
  bringToFormat(db, ":memory:");
  const meta = new MetaTable(db);
  meta.set("lineage", "old");
  meta.set("epoch", epoch);
  const adopted = shown.map(([lineage, at], i): Adopted => ({
    sink: `s${i}`,
    marker: { lineage, epoch: at } as Marker,
  }));
  beginAdoption(db, meta, adopted);
  finishAdoption(db, meta);
  return ancestorsOf(meta).map((one) => [one.lineage, one.epoch]);
}

test("what a state had of its lineage is not forgotten for a target that shows less of it", () => {
  expect(ancestorsAfter(2, [["old", 1]])).toEqual([["old", 2]]);
  expect(ancestorsAfter(2, [["old", 3]])).toEqual([
    ["old", 2],
    ["old", 3],
  ]);
  const both: readonly (readonly [string, number])[] = [
    ["old", 1],
    ["other", 5],
  ];
  expect(ancestorsAfter(2, both)).toEqual([
    ["old", 2],
    ["other", 5],
  ]);
});
