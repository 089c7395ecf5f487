import type { TextHeap } from "./heap.ts";
import type { PaneId } from "./state-store.ts";
import type { TableMemory } from "./span-image.ts";
import type { TableLayout } from "./table-layout.ts";

/** Rows side by side that are copied as one piece of memory: fewer are copied faster one by one. */
const RUN_MIN = 8;

/** Bytes that grow, seen in three ways. */
export class RecordBytes {
  words: Float64Array = new Float64Array(512);
  ints: Int32Array = new Int32Array(this.words.buffer);
  bytes: Uint8Array = new Uint8Array(this.words.buffer);
  /** Always a multiple of 8. */
  usedBytes = 0;

  /** Makes room for more bytes; returns where they begin. */
  add(sizeBytes: number): number {
    const start = this.usedBytes;
    this.usedBytes = start + sizeBytes;
    if (this.usedBytes > this.bytes.length) {
      const words = new Float64Array(Math.max(this.words.length * 2, this.usedBytes / 8));
      const bytes = new Uint8Array(words.buffer);
      bytes.set(this.bytes);
      this.words = words;
      this.ints = new Int32Array(words.buffer);
      this.bytes = bytes;
    }
    return start;
  }
}

/** A table, and where its rows are. See table.ts. */
interface PlacedRows extends TableMemory {
  readonly blockKeys: number;
  placeOf(id: number): number;
  placesOf(ids: Int32Array): Int32Array;
}

/**
 * Rows as they stand in chunks: the words as they are, but a text word holds the length of its text plus 1 (0 for none)
 * as an int32 and then 0; the texts follow in the order of their words, filled up to a multiple of 8 bytes.
 */
export class RowRecords {
  readonly #table: PlacedRows;
  readonly #heap: TextHeap;
  readonly #layout: TableLayout;

  constructor(table: PlacedRows) {
    this.#table = table;
    this.#layout = table.layout;
    this.#heap = table.heap;
  }

  /** Whether records differ in size. */
  get hasTexts(): boolean {
    return this.#layout.keyTexts.length + this.#layout.valueTexts.length > 0;
  }

  /** Bytes of a row's record, or of the part that is its key. */
  sizeBytes(id: number, part: "key" | "row"): number {
    const { keyWords, rowWords, keyTexts, valueTexts } = this.#layout;
    if (!this.hasTexts) return (part === "key" ? keyWords : rowWords) * 8;
    const start = this.#table.placeOf(id) * rowWords;
    const { ints, words } = this.#table.rows;
    let text = 0;
    for (const word of keyTexts) text += this.#length(ints[(start + word) * 2] as number);
    if (part === "key") return keyWords * 8 + padded(text);
    for (const word of valueTexts) text += this.#length(words[start + word] as number);
    return rowWords * 8 + padded(text);
  }

  /** Writes what `sizeBytes` has measured. */
  write(id: number, part: "key" | "row", into: RecordBytes, atBytes: number): void {
    const { keyWords, rowWords, keyTexts, valueTexts } = this.#layout;
    const words = part === "key" ? keyWords : rowWords;
    const row = this.#table.placeOf(id) * rowWords;
    const from = this.#table.rows.ints;
    const to = into.ints;
    const start = row * 2;
    const at = atBytes / 4;
    // As ints: a word that is not a double may look like a NaN, whose bits a copy as a double need not keep.
    for (let i = 0; i < words * 2; i++) to[at + i] = from[start + i] as number;
    if (!this.hasTexts) return;
    let end = atBytes + words * 8;
    for (const word of keyTexts) {
      end = this.#writeText(from[(row + word) * 2] as number, into, at + word * 2, end);
    }
    if (part === "row") {
      for (const word of valueTexts) {
        end = this.#writeText(this.#table.rows.words[row + word] as number, into, at + word * 2, end);
      }
    }
    into.bytes.fill(0, end, padded(end));
  }

  /**
   * Writes the records of many rows, `sizeBytes` from one to the next; only where there are no texts. A record begins
   * `behind` bytes into its place.
   */
  writeAll(
    ids: Int32Array,
    into: RecordBytes,
    atBytes: number,
    place: { sizeBytes: number; behind: number },
  ): void {
    const rowInts = this.#layout.rowWords * 2;
    const stride = place.sizeBytes / 4;
    const to = into.ints;
    let at = (atBytes + place.behind) / 4;
    for (let begin = 0; begin < ids.length; begin += this.#table.blockKeys) {
      const places = this.#table.placesOf(ids.subarray(begin, begin + this.#table.blockKeys));
      const from = this.#table.rows.ints;
      for (let i = 0; i < places.length;) {
        const run = stride === rowInts ? runLength(places, i) : 1;
        const start = (places[i] as number) * rowInts;
        if (run >= RUN_MIN) to.set(from.subarray(start, start + run * rowInts), at);
        else for (let k = 0; k < run * rowInts; k++) to[at + k] = from[start + k] as number;
        i += run;
        at += run * stride;
      }
    }
  }

  #length(reference: number): number {
    return reference === 0 ? 0 : this.#heap.lengthOf(reference);
  }

  #writeText(reference: number, into: RecordBytes, atInt: number, endBytes: number): number {
    const length = this.#length(reference);
    into.ints[atInt] = reference === 0 ? 0 : length + 1;
    into.ints[atInt + 1] = 0;
    const from = this.#heap.memory.bytes;
    const start = this.#heap.startOf(reference);
    if (length > 64) into.bytes.set(from.subarray(start, start + length), endBytes);
    else for (let i = 0; i < length; i++) into.bytes[endBytes + i] = from[start + i] as number;
    return endBytes + length;
  }
}

/** How many places from the `first`-th on lie one behind the other. */
function runLength(places: Int32Array, first: number): number {
  let next = first + 1;
  for (let place = (places[first] as number) + 1; places[next] === place; place++) next++;
  return next - first;
}

/** Keys of rows that checkpoints know and that have been removed since the last one. */
export class RemovalLog {
  #log: RecordBytes = new RecordBytes();
  /** Where records begin, by key group. */
  #starts: number[][] = [];

  /** Notes a row that is about to be removed. */
  append(records: RowRecords, row: { id: number; group: number; pane: PaneId }): void {
    const sizeBytes = 16 + records.sizeBytes(row.id, "key");
    const start = this.#log.add(sizeBytes);
    this.#log.ints[start / 4] = sizeBytes;
    this.#log.words[start / 8 + 1] = row.pane;
    records.write(row.id, "key", this.#log, start + 16);
    (this.#starts[row.group] ??= []).push(start);
  }

  /** Removals of a key group: offsets in `bytes`. */
  of(group: number): readonly number[] {
    return this.#starts[group] ?? [];
  }

  /** Bytes of a removal as a chunk holds it: its pane, if asked for, then the key. A view. */
  record(start: number, withPane: boolean): Uint8Array {
    const size = this.#log.ints[start / 4] as number;
    return this.#log.bytes.subarray(start + (withPane ? 8 : 16), start + size);
  }

  clear(): void {
    if (this.#log.usedBytes > 1 << 20) this.#log = new RecordBytes();
    this.#log.usedBytes = 0;
    this.#starts = [];
  }
}

/** The next multiple of 8. */
export function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 8) * 8;
}
