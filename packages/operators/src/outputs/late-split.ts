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
    let count = 0;
    let lateCount = 0;
    for (let row = 0; row < length; row++) {
      // As `clockAt`, in which each clock of a row would be a number on the heap.
      const clock = typeof clocks === "number" ? clocks : (clocks[row] as number);
      if ((times[row] as number) + latenessMicros <= clock) late[lateCount++] = row;
      else rows[count++] = row;
    }
    this.count = count;
    this.lateCount = lateCount;
  }
}
