import { BATCH_ROWS_MAX, type Batch, type PaneId, type Schema, type StateTable } from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { forRows } from "@df/core/batch/grown";
import type { SideLayout } from "./layout.ts";

/** Bytes before a row in a list: the length of its canonical bytes, big-endian. */
export const HEAD_BYTES = 4;

/** The rows that lists of a side have, without what is compared. */
export function heldSchema({ input, heldColumns }: SideLayout): Schema {
  return { fields: heldColumns.flatMap((index) => input.fields[index] ?? []) };
}

/**
 * Adds rows of one side to the table: each key has, in each window, the list of its rows in the order in which they
 * came, as canonical bytes of the held columns. A list is written once for all rows that a batch has of its key.
 */
export class HeldRows {
  readonly #table: StateTable;
  readonly #word: number;
  readonly #keyColumns: readonly number[];
  readonly #codec: CanonicalCodec;
  /** The encoded rows of a batch: row r is `#bytes[#starts[r] .. #ends[r])`, with its head. */
  #bytes: Uint8Array = new Uint8Array(1024);
  #view: DataView = new DataView(this.#bytes.buffer);
  #used = 0;
  #starts: Int32Array = new Int32Array(0);
  #ends: Int32Array = new Int32Array(0);
  /** Where a list is put together. */
  #list: Uint8Array = new Uint8Array(1024);
  #ids: Int32Array = new Int32Array(0);
  #fresh: Int32Array = new Int32Array(0);
  #offsets: Int32Array = new Int32Array(0);
  #positions: Int32Array = new Int32Array(0);
  #order: Float64Array = new Float64Array(0);

  /** `column` is the value column with the side's lists. */
  constructor(table: StateTable, column: string, { input, keyColumns, heldColumns }: SideLayout) {
    this.#table = table;
    this.#word = table.offset(column);
    this.#keyColumns = keyColumns;
    this.#codec = new CanonicalCodec(input, heldColumns);
  }

  /** Begins a batch: the rows of the one before are forgotten. */
  begin(): void {
    this.#used = 0;
  }

  /** Encodes rows of a batch, once for all of their windows. */
  encode(batch: Batch, rows: Int32Array): void {
    this.#starts = forRows(this.#starts, batch.length);
    this.#ends = forRows(this.#ends, batch.length);
    let used = this.#used;
    for (const row of rows) {
      const bytes = this.#codec.encode(batch, row);
      const start = used;
      used += HEAD_BYTES + bytes.length;
      if (used > this.#bytes.length) this.#grow(used);
      this.#view.setUint32(start, bytes.length);
      this.#bytes.set(bytes, start + HEAD_BYTES);
      this.#starts[row] = start;
      this.#ends[row] = used;
    }
    this.#used = used;
  }

  /** Adds rows that were encoded to a window. */
  add(batch: Batch, rows: Int32Array, window: PaneId): void {
    const table = this.#table;
    const count = rows.length;
    this.#ids = forRows(this.#ids, count);
    this.#fresh = forRows(this.#fresh, count);
    this.#offsets = forRows(this.#offsets, count);
    const keys = { batch, columns: this.#keyColumns, rows, count };
    const made = table.insert(keys, window, this.#ids, this.#fresh);
    table.offsets(this.#ids, count, this.#offsets);
    const positions = this.#byKey(count, made === count);
    for (let from = 0; from < count;) {
      const offset = this.#offsets[positions[from] as number] as number;
      let to = from + 1;
      while (to < count && this.#offsets[positions[to] as number] === offset) to++;
      this.#extend(offset + this.#word, rows, positions.subarray(from, to));
      from = to;
    }
  }

  /** The positions 0 to `count`, those of one key together. */
  #byKey(count: number, areDistinct: boolean): Int32Array {
    this.#positions = forRows(this.#positions, count);
    const positions = this.#positions.subarray(0, count);
    for (let i = 0; i < count; i++) positions[i] = i;
    if (areDistinct) return positions;
    this.#order = forRows(this.#order, count);
    const order = this.#order.subarray(0, count);
    // Sorting numbers takes no comparator, and these fit 53 bits.
    for (let i = 0; i < count; i++) order[i] = (this.#ids[i] as number) * BATCH_ROWS_MAX + i;
    order.sort();
    for (let i = 0; i < count; i++) positions[i] = (order[i] as number) % BATCH_ROWS_MAX;
    return positions;
  }

  /** Puts rows at the end of the list that a word refers to. */
  #extend(word: number, rows: Int32Array, positions: Int32Array): void {
    const { heap, words } = this.#table;
    const old = words[word] as number;
    if (old === 0 && positions.length === 1) {
      const row = rows[positions[0] as number] as number;
      words[word] = heap.put(this.#bytes, this.#starts[row] as number, this.#ends[row] as number);
      return;
    }
    const list = heap.get(old);
    let length = list.length;
    for (const position of positions) length += this.#sizeOf(rows[position] as number);
    if (length > this.#list.length) this.#list = new Uint8Array(length * 2);
    this.#list.set(list);
    let at = list.length;
    for (const position of positions) {
      const row = rows[position] as number;
      this.#list.set(this.#bytes.subarray(this.#starts[row], this.#ends[row]), at);
      at += this.#sizeOf(row);
    }
    heap.free(old);
    words[word] = heap.put(this.#list, 0, length);
  }

  #sizeOf(row: number): number {
    return (this.#ends[row] as number) - (this.#starts[row] as number);
  }

  #grow(sizeBytes: number): void {
    const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, sizeBytes));
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}
