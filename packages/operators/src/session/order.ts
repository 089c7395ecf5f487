import {
  BATCH_ROWS_MAX,
  ColumnBuilder,
  type Column,
  type RowId,
  type Schema,
  type StateTable,
  type Time,
} from "@df/core";
import { KeptArrays, type Arrays } from "@df/core/batch/arrays";
import { compareValues } from "../outputs/compare-values.ts";
import { LAST } from "./layout.ts";

/** Of the times, in a step of the sort, at most: fewer where few are sorted, as each digit is passed over, too. */
const DIGIT_BITS_MAX = 11;
/** So many are sorted without these steps. */
const FEW = 64;
/** From this many on, what ends at one time is sorted in n · log n. */
const RUN_SHORT_MAX = 16;

/** Sorts sessions by the time of their last row, and those of one time by their group: whatever their arrival was. */
export class Order {
  readonly #table: StateTable;
  readonly #lastWord: number;
  readonly #builders: readonly ColumnBuilder[];
  readonly #arrays: KeptArrays = new KeptArrays();

  /** `key`: the columns that make groups, as the table has them. */
  constructor(table: StateTable, key: Schema) {
    this.#table = table;
    this.#lastWord = table.offset(LAST);
    this.#builders = key.fields.map(({ type }) => new ColumnBuilder(type));
  }

  /** The sessions in their order, until the next call. */
  sorted(ids: Int32Array): Int32Array {
    this.#arrays.begin();
    const count = ids.length;
    const lasts = this.#lasts(ids);
    const order = ordered(lasts, this.#arrays);
    this.#table.copyKeys(ids, count, this.#builders);
    const columns = this.#builders.map((builder) => builder.lend());
    for (let from = 0, to = 1; from < count; from = to++) {
      const time = lasts[order[from] as number];
      while (to < count && lasts[order[to] as number] === time) to++;
      if (to - from > 1) sortByGroup(order, from, to, columns);
    }
    for (let i = 0; i < count; i++) order[i] = ids[order[i] as number] as RowId;
    return order;
  }

  #lasts(ids: Int32Array): Float64Array {
    const lasts = this.#arrays.doubles(ids.length);
    const offsets = this.#arrays.ints(BATCH_ROWS_MAX);
    for (let from = 0; from < ids.length; from += BATCH_ROWS_MAX) {
      const count = Math.min(BATCH_ROWS_MAX, ids.length - from);
      this.#table.offsets(ids.subarray(from, from + count), count, offsets);
      const { words } = this.#table;
      for (let i = 0; i < count; i++)
        lasts[from + i] = words[(offsets[i] as number) + this.#lastWord] as Time;
    }
    return lasts.subarray(0, ids.length);
  }
}

/** The indexes of times in ascending order, those of one time as they were. */
function ordered(times: Float64Array, arrays: Arrays): Int32Array {
  const count = times.length;
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const time = times[i] as Time;
    if (time < lowest) lowest = time;
    if (time > highest) highest = time;
  }
  let order = arrays.ints(count).subarray(0, count);
  for (let i = 0; i < count; i++) order[i] = i;
  if (count < FEW || highest - lowest >= 2 ** 31) {
    return order.sort((a, b) => (times[a] as Time) - (times[b] as Time));
  }
  const keys = arrays.ints(count).subarray(0, count);
  for (let i = 0; i < count; i++) keys[i] = (times[i] as Time) - lowest;
  let into = arrays.ints(count).subarray(0, count);
  const bits = Math.min(DIGIT_BITS_MAX, 31 - Math.clz32(count));
  const starts = arrays.ints(2 ** bits + 1).subarray(0, 2 ** bits + 1);
  for (let shift = 0; (highest - lowest) / 2 ** shift >= 1; shift += bits) {
    byDigit({ keys, shift, starts }, order, into);
    const sorted = into;
    into = order;
    order = sorted;
  }
  return order;
}

/** A digit of the keys of some indexes, and room for one place more than it has values. */
interface Digit {
  readonly keys: Int32Array;
  readonly shift: number;
  readonly starts: Int32Array;
}

/** A step of a radix sort: indexes by one digit of their keys, those with one digit as they were. */
function byDigit({ keys, shift, starts }: Digit, order: Int32Array, into: Int32Array): void {
  starts.fill(0);
  const mask = starts.length - 2;
  for (let i = 0; i < keys.length; i++) {
    const next = (((keys[i] as number) >>> shift) & mask) + 1;
    starts[next] = (starts[next] as number) + 1;
  }
  for (let digit = 1; digit <= mask; digit++) {
    starts[digit] = (starts[digit] as number) + (starts[digit - 1] as number);
  }
  for (let i = 0; i < order.length; i++) {
    const index = order[i] as number;
    const digit = ((keys[index] as number) >>> shift) & mask;
    const at = starts[digit] as number;
    into[at] = index;
    starts[digit] = at + 1;
  }
}

/** Sorts rows `from .. to)` by their columns, mostly two or three of them. */
function sortByGroup(rows: Int32Array, from: number, to: number, columns: readonly Column[]): void {
  if (to - from > RUN_SHORT_MAX) {
    rows.subarray(from, to).sort((a, b) => compareGroups(columns, a, b));
    return;
  }
  for (let i = from + 1; i < to; i++) {
    const row = rows[i] as number;
    let at = i;
    for (; at > from && compareGroups(columns, rows[at - 1] as number, row) > 0; at--)
      rows[at] = rows[at - 1] as number;
    rows[at] = row;
  }
}

function compareGroups(columns: readonly Column[], a: number, b: number): number {
  for (const column of columns) {
    const order = compareValues(column, a, b);
    if (order !== 0) return order;
  }
  return 0;
}
