import {
  BATCH_ROWS_MAX,
  columnIndex,
  diffAt,
  pick,
  type Batch,
  type Operator,
  type OperatorContext,
  type Output,
  type Progress,
  type Shape,
  type StateTable,
} from "@df/core";
import { ALL_ROWS } from "@df/core/batch/all-rows";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { bringByName } from "@df/core/state/bring";
import { rewrittenRows, rowsColumn } from "../kept-rows/rows-column.ts";
import { Pending } from "../outputs/pending.ts";
import { Halves } from "../outputs/halves.ts";

/** The column with the last row of each key. */
const ROW = "row";

/** Opens the work of `changelog()`. */
export function openChangelog(context: OperatorContext): Operator {
  return new Changelog(context);
}

/** Keeps canonical bytes and event time of each key's last row. */
class Changelog implements Operator {
  readonly #context: OperatorContext;
  readonly #keyColumns: readonly number[];
  readonly #table: StateTable;
  readonly #row: number;
  readonly #time: number;
  readonly #codec: CanonicalCodec;
  readonly #halves: Halves;
  readonly #ids: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #fresh: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #offsets: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #pending: Pending = new Pending();

  constructor(context: OperatorContext) {
    const { schema, key } = context.inputs[0] as Shape;
    this.#context = context;
    this.#keyColumns = key.map((name) => columnIndex(schema, name));
    const row = rowsColumn(ROW, schema);
    this.#table = context.state.table("last", {
      key: pick(schema, key),
      value: [row, { name: "time", words: 1 }],
      bring: bringByName({ rewrittenOf: (stored) => rewrittenRows(stored, ROW, schema) }),
    });
    this.#row = this.#table.offset(row.name);
    this.#time = this.#table.offset("time");
    this.#codec = new CanonicalCodec(schema);
    this.#halves = new Halves(schema, this.#codec);
  }

  onBatch(batch: Batch, _port: number, out: Output): Progress {
    const { length } = batch;
    const table = this.#table;
    const keys = { batch, columns: this.#keyColumns, rows: ALL_ROWS, count: length };
    table.insert(keys, 0, this.#ids, this.#fresh);
    table.offsets(this.#ids, length, this.#offsets);
    for (let row = 0; row < length; row++) {
      if (diffAt(batch, row) < 0) this.#delete(this.#offsets[row] as number);
      else this.#upsert(batch, row, this.#offsets[row] as number);
    }
    this.#removeEmpty(length);
    this.#context.count("folded", length);
    this.#pending.add(this.#halves.take());
    return this.resume(out);
  }

  resume(out: Output): Progress {
    return this.#pending.push(out);
  }

  #upsert(batch: Batch, row: number, offset: number): void {
    const { words, heap } = this.#table;
    const bytes = this.#codec.encode(batch, row);
    const reference = words[offset + this.#row] as number;
    const time = batch.times[row] as number;
    if (reference === 0) this.#halves.insert(batch, row);
    else {
      const old = heap.get(reference);
      if (equal(old, bytes)) return;
      this.#halves.update(old, words[offset + this.#time] as number, batch, row);
      heap.free(reference);
    }
    words[offset + this.#row] = heap.put(bytes, 0, bytes.length);
    words[offset + this.#time] = time;
  }

  #delete(offset: number): void {
    const { words, heap } = this.#table;
    const reference = words[offset + this.#row] as number;
    if (reference === 0) return;
    this.#halves.delete(heap.get(reference), words[offset + this.#time] as number);
    heap.free(reference);
    words[offset + this.#row] = 0;
  }

  /** Keys that have no row at the end of the batch: deleted in it, or never there. */
  #removeEmpty(length: number): void {
    const { words } = this.#table;
    const empty = new Set<number>();
    for (let row = 0; row < length; row++) {
      if (words[(this.#offsets[row] as number) + this.#row] === 0) empty.add(this.#ids[row] as number);
    }
    if (empty.size > 0) this.#table.remove(Int32Array.from(empty), empty.size);
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
