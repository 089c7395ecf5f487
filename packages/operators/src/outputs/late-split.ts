import { BATCH_ROWS_MAX, type Batch } from "@df/core";

/** Parts the rows of a batch by their own clocks. Reused from batch to batch. */
export class LateSplit {
  /** Rows that are in time: `rows[0..count)`. */
  readonly rows: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  count = 0;
  /** Rows that are late: `late[0..lateCount)`. */
  readonly late: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  lateCount = 0;
  readonly #latenessMicros: number;

  constructor(latenessMicros: number) {
    this.#latenessMicros = latenessMicros;
  }

  /** Parts the rows of a batch. */
  part({ length, times, clocks }: Batch): void {
    const { rows, late } = this;
    const latenessMicros = this.#latenessMicros;
    this.count =
      typeof clocks === "number"
        ? partByOne(times, clocks - latenessMicros, length, { rows, late })
        : partByOwn(times, clocks, length, { rows, late, latenessMicros });
    this.lateCount = length - this.count;
  }
}

interface Parts {
  readonly rows: Int32Array;
  readonly late: Int32Array;
}

// Two loops: in one for both kinds of clocks, each would be a number on the heap.

/** Parts rows by the clock of each; returns how many are in time. */
function partByOwn(
  times: Float64Array,
  clocks: Float64Array,
  length: number,
  { rows, late, latenessMicros }: Parts & { readonly latenessMicros: number },
): number {
  let count = 0;
  for (let row = 0; row < length; row++) {
    if ((times[row] as number) + latenessMicros <= (clocks[row] as number)) late[row - count] = row;
    else rows[count++] = row;
  }
  return count;
}

/** Parts rows by one time, which those that are in time come after; returns how many these are. */
function partByOne(times: Float64Array, until: number, length: number, { rows, late }: Parts): number {
  let count = 0;
  for (let row = 0; row < length; row++) {
    if ((times[row] as number) <= until) late[row - count] = row;
    else rows[count++] = row;
  }
  return count;
}
