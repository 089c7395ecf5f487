/** Rows of many epochs as what they come to: the last row per key. */
import { assert, DataflowError, diffAt, gatherRows, pick } from "@df/core";
import type { Batch, Shape, StateTable } from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { MemoryStateStore } from "@df/core/state/store";
import { inTurns } from "../lake/in-turns.ts";
import { emptyTextAsNull } from "./empty-text.ts";
import { keyColumns, rowText } from "./key-rows.ts";
import { keyText } from "./location.ts";

/** Rows of which each is what its key comes to. */
export interface Outcomes {
  readonly batch: Batch;
  /** By row, 1: the key is deleted, and of the row only the key counts. */
  readonly deletes: Uint8Array;
  /** By row, 1: an older row was taken back. Without that a retract stream must not meet one. */
  readonly replaces: Uint8Array;
}

/** The rows of a delivery. */
export interface DeliveredRows {
  /** In passing, where the stream is one of upserts: see `Committer.readsInPassing`. */
  readonly batches: AsyncIterable<Batch>;
  /** The same batches, which may be kept. */
  readonly again: () => AsyncIterable<Batch>;
}

/**
 * Collapses the rows of an upsert or retract stream to one outcome a key. Those of upserts are read twice, which spares
 * the memory of all but the keys: first to know the last row of each key, and again to give these.
 * @throws DF_SINK_KEY when two rows of one key are left over
 */
export async function* collapse(
  { batches, again }: DeliveredRows,
  input: Shape,
  partitionBy: readonly string[],
): AsyncGenerator<Outcomes> {
  if (input.change === "retract") {
    const kept: Batch[] = [];
    for await (const batch of inTurns(batches)) kept.push(emptyTextAsNull(batch, input.schema, partitionBy));
    yield* await netPerKey(kept, input);
    return;
  }
  const last = await lastRowsPerKey(batches, input, partitionBy);
  let nth = 0;
  for await (const batch of inTurns(again())) {
    const rows = last[nth++];
    assert(rows !== undefined, "what is read again are the same batches");
    if (rows === "all" || rows.length > 0)
      yield lastOutcomes(emptyTextAsNull(batch, input.schema, partitionBy), rows);
  }
  assert(nth === last.length, "what is read again are all batches");
}

/** By batch the rows that are the last of their key, ascending. */
async function lastRowsPerKey(
  batches: AsyncIterable<Batch>,
  input: Shape,
  partitionBy: readonly string[],
): Promise<readonly (Int32Array | "all")[]> {
  const table = new MemoryStateStore().table("last", {
    key: pick(input.schema, input.key),
    value: [{ name: "place", words: 1 }],
  });
  const columns = keyColumns(input);
  const word = table.offset("place");
  /** By batch the key of each row, as the table numbers them. */
  const keys: Int32Array[] = [];
  let rows = 0;
  for await (const given of inTurns(batches)) {
    const { length } = given;
    const batch = emptyTextAsNull(given, input.schema, partitionBy);
    const ids = new Int32Array(length);
    table.insert({ batch, columns, rows: everyRow(length), count: length }, 0, ids, new Int32Array(length));
    setPlaces(table.words, offsetsOf(table, ids), word, rows);
    keys.push(ids);
    rows += length;
  }
  const last: (Int32Array | "all")[] = [];
  let begin = 0;
  for await (const ids of inTurns(keys)) {
    const some = lastRows(table.words, offsetsOf(table, ids), word, begin);
    last.push(some.length === ids.length ? "all" : some);
    begin += ids.length;
  }
  return last;
}

function everyRow(length: number): Int32Array {
  const rows = new Int32Array(length);
  for (let row = 0; row < length; row++) rows[row] = row;
  return rows;
}

function offsetsOf(table: StateTable, ids: Int32Array): Int32Array {
  const offsets = new Int32Array(ids.length);
  table.offsets(ids, ids.length, offsets);
  return offsets;
}

/** Writes for the key of each row the place of the row: the last one of a key stays. */
function setPlaces(words: Float64Array, offsets: Int32Array, word: number, begin: number): void {
  for (let row = 0; row < offsets.length; row++) words[(offsets[row] as number) + word] = begin + row;
}

/** The rows that are the last of their key. */
function lastRows(words: Float64Array, offsets: Int32Array, word: number, begin: number): Int32Array {
  const last = new Int32Array(offsets.length);
  let count = 0;
  for (let row = 0; row < offsets.length; row++) {
    if (words[(offsets[row] as number) + word] === begin + row) last[count++] = row;
  }
  return last.slice(0, count);
}

function lastOutcomes(given: Batch, rows: Int32Array | "all"): Outcomes {
  const batch = rows === "all" ? given : someRows(given, rows);
  const deletes = new Uint8Array(batch.length);
  for (let row = 0; row < batch.length; row++) deletes[row] = diffAt(batch, row) < 0 ? 1 : 0;
  return { batch, deletes, replaces: new Uint8Array(batch.length).fill(1) };
}

/** Some rows of a batch, ascending: the batch itself where these are all. */
export function someRows(batch: Batch, rows: Int32Array): Batch {
  return rows.length === batch.length ? batch : gatherRows(batch, rows, rows.length);
}

/** How often a row is there more or less than before. */
interface Net {
  count: number;
  readonly batch: number;
  readonly row: number;
}

/** What a key comes to, by a row that has the key. */
interface Outcome extends Net {
  readonly isDelete: boolean;
  readonly replaces: boolean;
}

async function netPerKey(batches: readonly Batch[], input: Shape): Promise<Outcomes[]> {
  const columns = keyColumns(input);
  const keyCodec = new CanonicalCodec(input.schema, columns);
  const rowCodec = new CanonicalCodec(input.schema);
  const nets = new Map<string, Map<string, Net>>();
  for await (const [index, batch] of inTurns(batches.entries())) {
    for (let row = 0; row < batch.length; row++) {
      const key = keyText(keyCodec.encode(batch, row));
      const rows = nets.get(key) ?? new Map<string, Net>();
      nets.set(key, rows);
      const text = keyText(rowCodec.encode(batch, row));
      const net = rows.get(text) ?? { count: 0, batch: index, row };
      net.count += diffAt(batch, row);
      rows.set(text, net);
    }
  }
  const byBatch: Outcome[][] = batches.map(() => []);
  for (const rows of nets.values()) {
    const outcome = outcomeOf([...rows.values()], batches, columns);
    if (outcome !== undefined) byBatch[outcome.batch]?.push(outcome);
  }
  return byBatch.flatMap((outcomes, nth) =>
    outcomes.length === 0 ? [] : [netOutcomes(batches[nth] as Batch, outcomes)],
  );
}

/** What the rows of one key come to; undefined where it is as before. */
function outcomeOf(
  rows: readonly Net[],
  batches: readonly Batch[],
  columns: readonly number[],
): Outcome | undefined {
  const left = rows.filter(({ count }) => count > 0);
  const taken = rows.find(({ count }) => count < 0);
  const [first] = left;
  if (first !== undefined && (left.length > 1 || first.count > 1))
    throw twoRows(batches, columns, first, left[1] ?? first);
  const replaces = taken !== undefined;
  if (first !== undefined) return { ...first, isDelete: false, replaces };
  return taken === undefined ? undefined : { ...taken, isDelete: true, replaces };
}

function netOutcomes(batch: Batch, unsorted: readonly Outcome[]): Outcomes {
  const outcomes = unsorted.toSorted((a, b) => a.row - b.row);
  return {
    batch: someRows(
      batch,
      Int32Array.from(outcomes, ({ row }) => row),
    ),
    deletes: Uint8Array.from(outcomes, ({ isDelete }) => Number(isDelete)),
    replaces: Uint8Array.from(outcomes, ({ replaces }) => Number(replaces)),
  };
}

function twoRows(batches: readonly Batch[], columns: readonly number[], a: Net, b: Net): DataflowError {
  const text = (net: Net, of: readonly number[] | "all"): string =>
    rowText(batches[net.batch] as Batch, net.row, of);
  return new DataflowError(
    "DF_SINK_KEY",
    `Two rows of the key ${text(a, columns)} are left over: ${text(a, "all")} and ${text(b, "all")}. ` +
      "A keyed table holds one row per key: aggregate by the key before the sink, or give it more key columns.",
  );
}
