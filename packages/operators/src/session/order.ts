import {
  BEGINNING,
  ColumnBuilder,
  type Batch,
  type RowId,
  type Schema,
  type StateTable,
  type Time,
} from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { LAST } from "./layout.ts";

/** Sorts sessions by the time of their last row, and those of one time by their group: whatever their arrival was. */
export class Order {
  readonly #table: StateTable;
  readonly #key: Schema;
  readonly #codec: CanonicalCodec;
  readonly #lastWord: number;
  readonly #builders: readonly ColumnBuilder[];

  /** `key`: the columns that make groups, as the table has them. */
  constructor(table: StateTable, key: Schema) {
    this.#table = table;
    this.#key = key;
    this.#codec = new CanonicalCodec(key);
    this.#lastWord = table.offset(LAST);
    this.#builders = key.fields.map(({ type }) => new ColumnBuilder(type));
  }

  /** The sessions in their order. */
  sorted(ids: readonly RowId[]): RowId[] {
    const lasts = this.#lasts(ids);
    const order = ordered(lasts);
    const sorted: RowId[] = [];
    for (let from = 0; from < order.length;) {
      const last = lasts[order[from] as number];
      let to = from + 1;
      while (to < order.length && lasts[order[to] as number] === last) to++;
      const equal = Array.from(order.subarray(from, to), (i) => ids[i] as RowId);
      for (const id of equal.length === 1 ? equal : this.#byGroup(equal)) sorted.push(id);
      from = to;
    }
    return sorted;
  }

  #lasts(ids: readonly RowId[]): Float64Array {
    const offsets = new Int32Array(ids.length);
    this.#table.offsets(Int32Array.from(ids), ids.length, offsets);
    return Float64Array.from(offsets, (offset) => this.#table.words[offset + this.#lastWord] as Time);
  }

  #byGroup(ids: readonly RowId[]): RowId[] {
    this.#table.copyKeys(Int32Array.from(ids), ids.length, this.#builders);
    const batch: Batch = {
      schema: this.#key,
      length: ids.length,
      columns: this.#builders.map((builder) => builder.lend()),
      change: "append",
      times: new Float64Array(ids.length),
      clocks: BEGINNING,
    };
    const keyed = ids.map((id, row) => ({ id, key: this.#codec.encode(batch, row).slice() }));
    return keyed.toSorted((a, b) => Buffer.compare(a.key, b.key)).map(({ id }) => id);
  }
}

/** The indexes of times in ascending order. Where both fit a double they are sorted as one, without a callback. */
function ordered(times: Float64Array): Uint32Array {
  const count = times.length;
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (const time of times) {
    lowest = Math.min(lowest, time);
    highest = Math.max(highest, time);
  }
  if ((highest - lowest + 1) * count > Number.MAX_SAFE_INTEGER) {
    return Uint32Array.from(times, (_, i) => i).sort((a, b) => (times[a] as Time) - (times[b] as Time));
  }
  const packed = times.map((time, i) => (time - lowest) * count + i).sort();
  return Uint32Array.from(packed, (value) => value % count);
}
