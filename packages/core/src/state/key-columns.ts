import { assert } from "../assert.ts";
import type { Batch } from "../batch/batch.ts";
import type { ColumnBuilder } from "../batch/builder.ts";
import type { TextHeap } from "./heap.ts";
import type { Keys, TableSpec } from "./state-store.ts";
import type { KeyColumn, TableLayout } from "./table-layout.ts";
import { appendDoubles, appendInts, appendLongs, type WordPlaces } from "./word-columns.ts";

/** What is read of a table: its row memory, read again for each call. */
export interface KeyWords {
  readonly layout: TableLayout;
  readonly words: Float64Array;
  readonly ints: Int32Array;
  readonly longs: BigInt64Array;
  readonly heap: TextHeap;
}

/** Appends the keys of the rows that lie at some places, one builder per key column. */
export function appendKeys(table: KeyWords, places: Int32Array, into: readonly ColumnBuilder[]): void {
  const { columns } = table.layout;
  for (let i = 0; i < columns.length; i++)
    appendKey(table, columns[i] as KeyColumn, places, into[i] as ColumnBuilder);
}

/** Whether a key column of the row that begins at word `start` is null. */
export function isKeyNull(ints: Int32Array, start: number, nullBit: number): boolean {
  return nullBit >= 0 && (((ints[start * 2 + (nullBit >>> 5)] as number) >>> nullBit) & 1) === 1;
}

function appendKey(table: KeyWords, column: KeyColumn, places: Int32Array, into: ColumnBuilder): void {
  const { words, ints, longs } = table;
  const at = { places, count: places.length, stride: table.layout.rowWords, word: column.word };
  if (column.layout === "text" || (column.nullBit >= 0 && anyNull(ints, at, column.nullBit))) {
    for (const place of places) appendOne(table, column, place, into);
  } else if (column.layout === "double") appendDoubles(words, at, into);
  else if (column.layout === "long") appendLongs(ints, longs, at, into);
  else appendInts(ints, at, into);
}

function anyNull(ints: Int32Array, { places, stride }: WordPlaces, nullBit: number): boolean {
  for (let i = 0; i < places.length; i++) {
    if (isKeyNull(ints, (places[i] as number) * stride, nullBit)) return true;
  }
  return false;
}

/** Appends the key of one row: a text, or one that may be null. */
function appendOne(table: KeyWords, column: KeyColumn, place: number, into: ColumnBuilder): void {
  const { words, ints, longs, heap } = table;
  const start = place * table.layout.rowWords;
  const at = start + column.word;
  if (isKeyNull(ints, start, column.nullBit)) into.null();
  else if (column.layout === "double") into.number(words[at] as number);
  else if (column.layout === "long") into.bigint(longs[at] as bigint);
  else if (column.layout === "text") {
    const reference = ints[at * 2] as number;
    const from = heap.startOf(reference);
    into.text(heap.memory.bytes, from, from + heap.lengthOf(reference));
  } else into.number(ints[at * 2] as number);
}

/** The key columns of a batch as a batch of their own, whose canonical bytes decide the key group. */
export function keyView(keys: Keys, spec: TableSpec): Batch {
  const columns = keys.columns.map((column) => {
    const picked = keys.batch.columns[column];
    assert(picked !== undefined, `the batch has no column ${column}`);
    return picked;
  });
  return { ...keys.batch, schema: spec.key, columns };
}
