import {
  assert,
  BEGINNING,
  ColumnBuilder,
  type Batch,
  type Keys,
  type RowId,
  type Schema,
  type StateTable,
} from "@df/core";
import type { SessionRows } from "./rows.ts";
import { HEADS, type Several } from "./several.ts";

/** A session that is not in its group's head, and the slot that it lies in. */
interface Lying {
  readonly id: RowId;
  readonly head: RowId;
  readonly slot: number;
}

/** Enters the groups that have several sessions in a restored table with this key. */
export function restoreSeveral(several: Several, rows: SessionRows, key: Schema): void {
  const { table } = rows;
  const lying = table.panes().flatMap((slot) => (slot === HEADS ? [] : lyingIn(slot, rows, key)));
  const starts = new Map(lying.map(({ id }) => [id, rows.startOf(id)]));
  lying.sort((a, b) => (starts.get(a.id) ?? 0) - (starts.get(b.id) ?? 0));
  // Each before the head, which has the newest of them.
  for (const each of lying) several.add(each.id, { ...each, at: several.of(each.head).length - 1 });
  for (const head of new Set(lying.map((each) => each.head))) several.restoreSlots(head);
}

function lyingIn(slot: number, rows: SessionRows, key: Schema): Lying[] {
  const { table } = rows;
  const all = new Int32Array(table.sizeOf(slot));
  table.scan(slot, 0, all);
  const ids = all.filter((id) => !rows.isEmpty(id));
  const heads = new Int32Array(ids.length);
  table.find(keysOf(table, key, ids), HEADS, heads);
  return Array.from(ids, (id, i) => {
    const head = heads[i] as RowId;
    assert(head >= 0, "a group has sessions, and no head");
    return { id, head, slot };
  });
}

/** The keys of some rows of a table. */
function keysOf(table: StateTable, key: Schema, ids: Int32Array): Keys {
  const count = ids.length;
  const builders = key.fields.map(({ type }) => new ColumnBuilder(type));
  table.copyKeys(ids, count, builders);
  const batch: Batch = {
    schema: key,
    length: count,
    columns: builders.map((builder) => builder.lend()),
    change: "append",
    times: new Float64Array(count),
    clocks: BEGINNING,
  };
  const rows = Int32Array.from({ length: count }, (_, row) => row);
  return { batch, columns: builders.map((_, column) => column), rows, count };
}
