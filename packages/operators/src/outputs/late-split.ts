import { BATCH_ROWS_MAX, clockAt, type Batch } from "@df/core";

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
  part(batch: Batch): void {
    let count = 0;
    let late = 0;
    for (let row = 0; row < batch.length; row++) {
      const isLate = (batch.times[row] as number) + this.#latenessMicros <= clockAt(batch, row);
      if (isLate) this.late[late++] = row;
      else this.rows[count++] = row;
    }
    this.count = count;
    this.lateCount = late;
  }
}
