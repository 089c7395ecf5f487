import type { SplitRecord, SplitStatus } from "../checkpoint/records.ts";
import { BEGINNING, type Time } from "../time.ts";
import type { InputClock } from "./input-clock.ts";

/** Memory for the clocks of a batch. */
export interface RowClocks {
  values: Float64Array;
}

/**
 * The clock of one split: the largest event time so far, including the row itself, minus the bound, minus 1 µs; never
 * below the highest mark. A function of the split's log and its marks alone.
 *
 * One that a run begins with, and that was idle or had ended, may have grown: until it has answered for the first time
 * it counts as live at the clock that was reached by then. So its mark is the same whichever split is asked first.
 */
export class SplitClock {
  timeMax: Time;
  lift: Time;
  clock: Time;
  status: SplitStatus;
  /** What was reached at the start of the run; undefined once it has answered. */
  #unasked: Time | undefined;
  readonly #bound: number;
  readonly #clocks: RowClocks;

  /** `clocks` may be shared by splits of which one is read at a time. */
  constructor(
    maxOutOfOrderness: number,
    from?: SplitRecord,
    clocks: RowClocks = { values: new Float64Array(0) },
  ) {
    this.#bound = maxOutOfOrderness;
    this.#clocks = clocks;
    this.timeMax = from?.timeMax ?? BEGINNING;
    this.lift = from?.lift ?? BEGINNING;
    this.clock = from?.clock ?? BEGINNING;
    this.status = from?.status ?? "live";
  }

  /** The clock of each row, in log order; written over by the next call. */
  advance(times: Float64Array, count: number): Float64Array {
    if (count > this.#clocks.values.length) this.#clocks.values = new Float64Array(count);
    const clocks = this.#clocks.values;
    let { timeMax, clock } = this;
    const bound = this.#bound + 1;
    if (count > 0) clock = Math.max(clock, timeMax - bound);
    for (let row = 0; row < count; row++) {
      const time = times[row] as number;
      // Few rows are later than all before them.
      if (time > timeMax) {
        timeMax = time;
        if (time - bound > clock) clock = time - bound;
      }
      clocks[row] = clock;
    }
    this.timeMax = timeMax;
    this.clock = clock;
    return clocks;
  }

  /** Begins a run in which `reached` is the highest clock of those who take its rows. */
  restart(reached: Time): void {
    if (this.status !== "live") this.#unasked = reached;
  }

  /** How it counts among the splits of its source. */
  get counted(): InputClock {
    if (this.#unasked === undefined) return this;
    return { clock: Math.max(this.clock, this.#unasked), status: "live" };
  }

  /** It has been asked, and has nothing new. */
  hasNothing(): void {
    this.#unasked = undefined;
  }

  /**
   * It has rows, and is live from here on. Where it was not, they get a mark: they have at least the clock that was
   * reached. Returns that clock if it changes anything.
   */
  speak(reached: () => Time): Time | undefined {
    if (this.status === "live") return undefined;
    const lift = this.#unasked ?? reached();
    this.#unasked = undefined;
    this.status = "live";
    if (lift <= this.clock) return undefined;
    this.lift = lift;
    this.clock = lift;
    return lift;
  }
}
