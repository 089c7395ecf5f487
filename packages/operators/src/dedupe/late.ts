import { clockAt, type Batch } from "@df/core";

/** Row numbers of a batch: those that are in time, and those that are late. */
export interface Split {
  readonly rows: Int32Array;
  readonly count: number;
  readonly late: Int32Array;
  readonly lateCount: number;
}

/** Parts the rows of a batch by their own clocks. */
export function splitLate(batch: Batch, allowedLatenessMicros: number): Split {
  const rows = new Int32Array(batch.length);
  const late = new Int32Array(batch.length);
  let count = 0;
  let lateCount = 0;
  for (let row = 0; row < batch.length; row++) {
    const time = batch.times[row] as number;
    if (time + allowedLatenessMicros <= clockAt(batch, row)) late[lateCount++] = row;
    else rows[count++] = row;
  }
  return { rows, count, late, lateCount };
}
