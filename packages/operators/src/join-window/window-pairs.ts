import {
  BATCH_ROWS_MAX,
  ColumnBuilder,
  isNull,
  type Batch,
  type Column,
  type Schema,
  type StateTable,
} from "@df/core";
import type { JoinLayout } from "./layout.ts";
import { PairBatch, type PairColumns } from "./pair-batch.ts";
import { RowPool } from "./row-pool.ts";

/**
 * Gives the pairs of a window, key after key in canonical order. All rows of a key are read again as columns, but never
 * all of its pairs made: these come a batch at a time.
 */
export class WindowPairs {
  readonly #table: StateTable;
  readonly #layout: JoinLayout;
  readonly #words: readonly [number, number];
  readonly #pools: readonly [RowPool, RowPool];
  readonly #pairs: PairBatch;
  readonly #keyBuilders: readonly ColumnBuilder[];
  readonly #ids: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #offsets: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  /** Where the rows of each key end in its pool. */
  readonly #leftEnds: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #rightEnds: Int32Array = new Int32Array(BATCH_ROWS_MAX);

  /** `lists` are the value columns with the lists of the left rows and of the right ones. */
  constructor(table: StateTable, lists: readonly [string, string], layout: JoinLayout, result: Schema) {
    this.#table = table;
    this.#layout = layout;
    this.#words = [table.offset(lists[0]), table.offset(lists[1])];
    this.#pools = [new RowPool(layout.sides[0]), new RowPool(layout.sides[1])];
    this.#pairs = new PairBatch(layout.result, result);
    this.#keyBuilders = layout.key.fields.map(({ type }) => new ColumnBuilder(type));
  }

  /** All pairs of the window from `start` to `end`, µs; its rows must stay as they are meanwhile. */
  *of(start: number, end: number): Generator<Batch, void> {
    const [left, right] = this.#pools;
    const size = this.#table.sizeOf(start);
    for (let from = 0; from < size;) {
      const count = this.#table.scan(start, from, this.#ids);
      from += count;
      const keyCount = this.#keepShown(count);
      this.#table.copyKeys(this.#ids, keyCount, this.#keyBuilders);
      const keys = this.#keyBuilders.map((builder) => builder.lend());
      for (let key = 0; key < keyCount;) {
        const next = this.#load(key, keyCount);
        const columns: PairColumns = { keys, sides: [left.take(), right.take()] };
        for (const pairs of this.#fill(key, next, keys)) yield pairs.take(columns, start, end);
        key = next;
      }
    }
  }

  /** Keeps those of the first `count` ids of which a row is shown, paired or alone; returns their number. */
  #keepShown(count: number): number {
    const [left, right] = this.#layout.sides;
    const [leftWord, rightWord] = this.#words;
    this.#table.offsets(this.#ids, count, this.#offsets);
    const { words } = this.#table;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const at = this.#offsets[i] as number;
      const hasLeft = words[at + leftWord] !== 0;
      const hasRight = words[at + rightWord] !== 0;
      if (hasLeft ? !hasRight && !left.keepsAlone : !right.keepsAlone) continue;
      this.#ids[kept] = this.#ids[i] as number;
      this.#offsets[kept++] = at;
    }
    return kept;
  }

  /** Reads the rows of keys from `key` on until they are a batch or more; returns the key behind them. */
  #load(key: number, keyCount: number): number {
    const [left, right] = this.#pools;
    const [leftWord, rightWord] = this.#words;
    // Since the last rows were handed out other operators have worked, and rows may lie elsewhere.
    const rest = this.#ids.subarray(key, keyCount);
    this.#table.offsets(rest, rest.length, this.#offsets.subarray(key));
    const { words, heap } = this.#table;
    let at = key;
    for (; at < keyCount && left.length + right.length < BATCH_ROWS_MAX; at++) {
      const offset = this.#offsets[at] as number;
      left.add(heap.get(words[offset + leftWord] as number));
      right.add(heap.get(words[offset + rightWord] as number));
      this.#leftEnds[at] = left.length;
      this.#rightEnds[at] = right.length;
    }
    return at;
  }

  /** Fills the batch with the pairs of some keys, and hands it out whenever it is to be taken. */
  *#fill(from: number, to: number, keys: readonly Column[]): Generator<PairBatch, void> {
    const pairs = this.#pairs;
    let left = 0;
    let right = 0;
    for (let key = from; key < to; key++) {
      const leftEnd = this.#leftEnds[key] as number;
      const rightEnd = this.#rightEnds[key] as number;
      // A null equals nothing, so the rows of such a key are alone, also if both sides have some.
      const arePaired = left < leftEnd && right < rightEnd && !keys.some((column) => isNull(column, key));
      for (; left < leftEnd; left++) {
        if (!arePaired) pairs.addAlone(key, 0, left);
        for (let at = right; arePaired && at < rightEnd;) {
          at += pairs.addPairs(key, left, at, rightEnd - at);
          if (pairs.room === 0) yield pairs;
        }
        if (pairs.room === 0) yield pairs;
      }
      for (; !arePaired && right < rightEnd; right++) {
        pairs.addAlone(key, 1, right);
        if (pairs.room === 0) yield pairs;
      }
      right = rightEnd;
    }
    if (pairs.room < BATCH_ROWS_MAX) yield pairs;
  }
}
