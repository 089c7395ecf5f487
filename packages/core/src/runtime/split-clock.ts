import type { SplitRecord, SplitStatus } from "../checkpoint/records.ts";
import { BEGINNING, type Time } from "../time.ts";

/**
 * The clock of one split: the largest event time so far, including the row itself, minus the bound, minus 1 µs; never
 * below the highest mark. A function of the split's log and its marks alone.
 */
export class SplitClock {
  timeMax: Time;
  lift: Time;
  clock: Time;
  status: SplitStatus;
  readonly #bound: number;
  #clocks: Float64Array = new Float64Array(0);

  constructor(maxOutOfOrderness: number, from?: SplitRecord) {
    this.#bound = maxOutOfOrderness;
    this.timeMax = from?.timeMax ?? BEGINNING;
    this.lift = from?.lift ?? BEGINNING;
    this.clock = from?.clock ?? BEGINNING;
    this.status = from?.status ?? "live";
  }

  /** The clock of each row, in log order; written over by the next call. */
  advance(times: Float64Array, count: number): Float64Array {
    if (count > this.#clocks.length) this.#clocks = new Float64Array(count);
    const clocks = this.#clocks;
    let { timeMax, clock } = this;
    const bound = this.#bound + 1;
    for (let row = 0; row < count; row++) {
      const time = times[row] as number;
      if (time > timeMax) timeMax = time;
      if (timeMax - bound > clock) clock = timeMax - bound;
      clocks[row] = clock;
    }
    this.timeMax = timeMax;
    this.clock = clock;
    return clocks;
  }

  /** Writes a mark: rows from here on have at least this clock. Returns whether that changes anything. */
  mark(reached: Time): boolean {
    if (reached <= this.clock) return false;
    this.lift = reached;
    this.clock = reached;
    return true;
  }
}
