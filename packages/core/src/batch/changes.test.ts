import { expect, test } from "vitest";
import { t } from "../schema/kit.ts";
import type { Shape } from "../stream.ts";
import type { Batch, ChangeMode } from "./batch.ts";
import { type Change, ChangeReader } from "./changes.ts";
import { batchOf } from "./rows.ts";

const { schema } = t.row({ id: t.int32(), name: t.string().nullable() });
const row = (id: number, name: string | null = null): { id: number; name: string | null } => ({ id, name });
type Given = readonly [row: object, diff: number];

function batchWith(change: ChangeMode, given: readonly Given[]): Batch {
  const rows = given.map(([each]) => each);
  return batchOf(schema, rows, { change, diffs: given.map(([, diff]) => diff) });
}

function changesOf(change: ChangeMode, key: readonly string[], ...batches: readonly Given[][]): Change[] {
  const shape: Shape = { schema, change, key, timed: false };
  const reader = new ChangeReader(shape);
  return [...batches.flatMap((given) => [...reader.read(batchWith(change, given))]), ...reader.end()];
}

test("rows that are only added are inserts", () => {
  const reader = new ChangeReader({ schema, change: "append", key: [], timed: false });
  const changes = [...reader.read(batchOf(schema, [row(1, "a"), row(2)])), ...reader.end()];
  expect(changes).toEqual([
    { op: "insert", before: null, after: row(1, "a") },
    { op: "insert", before: null, after: row(2) },
  ]);
});

test("an upsert is an update of which only the new row is known, a delete has its key", () => {
  const changes = changesOf(
    "upsert",
    ["id"],
    [
      [row(1, "a"), 1],
      [{ id: 1 }, -1],
    ],
  );
  expect(changes).toEqual([
    { op: "update", before: null, after: row(1, "a") },
    { op: "delete", before: { id: 1 }, after: null },
  ]);
});

test("the halves of an update are one change, other retractions are inserts and deletes", () => {
  const changes = changesOf(
    "retract",
    ["id"],
    [
      [row(1, "a"), 1],
      [row(1, "a"), -1],
      [row(1, "b"), 1],
      [row(1, "b"), -1],
      [row(2, "c"), 1],
      [row(2, "c"), -1],
    ],
  );
  expect(changes).toEqual([
    { op: "insert", before: null, after: row(1, "a") },
    { op: "update", before: row(1, "a"), after: row(1, "b") },
    { op: "delete", before: row(1, "b"), after: null },
    { op: "insert", before: null, after: row(2, "c") },
    { op: "delete", before: row(2, "c"), after: null },
  ]);
});

test("the halves of an update belong together also where a batch ends between them", () => {
  expect(changesOf("retract", ["id"], [[row(1, "a"), -1]], [[row(1, null), 1]])).toEqual([
    { op: "update", before: row(1, "a"), after: row(1, null) },
  ]);
});

test("equal rows that come or go together are a change each, and without a key nothing is an update", () => {
  const changes = changesOf(
    "retract",
    [],
    [
      [row(1, "a"), 2],
      [row(1, "a"), -1],
      [row(1, "b"), 1],
    ],
  );
  expect(changes.map(({ op }) => op)).toEqual(["insert", "insert", "delete", "insert"]);
});
