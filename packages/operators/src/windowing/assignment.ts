import { BATCH_ROWS_MAX, type Batch, type Time } from "@df/core";
import { firstOpenAt, firstWindowAt, lastWindowAt, stepAt, type Grid } from "./windowing.ts";

/**
 * Decides which windows take each row of a batch, by the row's own clock, and where it is folded: once into its pane,
 * for all of its windows that have not fired, or else into windows one by one. Reused from batch to batch.
 */
export class Assignment {
  /** Rows that are late for all of their windows: `late[0..lateCount)`. */
  readonly late: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  lateCount = 0;
  /** Rows that are late for some of their windows only. */
  partialCount = 0;
  /** Rows that go to the pane that begins at `panes[row]`: `paned[0..panedCount)`. */
  readonly paned: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  panedCount = 0;
  readonly panes: Float64Array = new Float64Array(BATCH_ROWS_MAX);
  /** Rows that go to the window that begins at `windows[row]`: `direct[0..directCount)`, until `stepBack`. */
  readonly direct: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  directCount = 0;
  readonly windows: Float64Array = new Float64Array(BATCH_ROWS_MAX);
  /** The first window a direct row goes to. */
  readonly #firsts: Float64Array = new Float64Array(BATCH_ROWS_MAX);
  readonly #grid: Grid;
  readonly #latenessMicros: number;

  constructor(grid: Grid, latenessMicros: number) {
    this.#grid = grid;
    this.#latenessMicros = latenessMicros;
  }

  /** Assigns the rows of a batch. `clock` is the operator's: it says which windows have fired, never who is late. */
  assign(batch: Batch, clock: Time): void {
    const grid = this.#grid;
    const { sizeMicros, everyMicros, paneMicros, offsetMicros } = grid;
    const untilLate = sizeMicros - 1 + this.#latenessMicros;
    // Without panes all windows are as if they had fired: they take their rows themselves.
    const unfired = grid.isPaned ? firstOpenAt(grid, clock) : Number.POSITIVE_INFINITY;
    const { times, clocks, length } = batch;
    const firsts = this.#firsts;
    const lasts = this.windows;
    const directRows = this.direct;
    let late = 0;
    let partial = 0;
    let paned = 0;
    let direct = 0;
    let pane = Number.NaN;
    let paneEnd = Number.NaN;
    let lowest = Number.NaN;
    let highest = Number.NaN;
    let firstUnfired = Number.NaN;
    let lastFired = Number.NaN;
    for (let row = 0; row < length; row++) {
      const time = times[row] as number;
      // Neighbours mostly share a pane; divisions per row cost more than these two comparisons.
      if (!(time >= pane && time < paneEnd)) {
        pane = stepAt(time, paneMicros, offsetMicros);
        paneEnd = pane + paneMicros;
        lowest = firstWindowAt(grid, pane);
        highest = lastWindowAt(grid, pane);
        firstUnfired = Math.max(lowest, unfired);
        lastFired = Math.min(highest, unfired - everyMicros);
      }
      const rowClock = typeof clocks === "number" ? clocks : (clocks[row] as number);
      if (rowClock >= highest + untilLate) {
        this.late[late++] = row;
        continue;
      }
      let first = lowest;
      if (rowClock >= lowest + untilLate) {
        first = firstOpenAt(grid, rowClock - this.#latenessMicros);
        partial++;
      }
      let last = highest;
      // The pane stands for all windows that have not fired, so the row must be taken by each of them.
      if (first <= firstUnfired) {
        last = lastFired;
        if (unfired <= highest) {
          this.panes[row] = pane;
          this.paned[paned++] = row;
        }
      }
      if (first > last) continue;
      firsts[row] = first;
      lasts[row] = last;
      directRows[direct++] = row;
    }
    this.lateCount = late;
    this.partialCount = partial;
    this.panedCount = paned;
    this.directCount = direct;
  }

  /** Moves the direct rows on to the window before the one that they went to; those without another are left out. */
  stepBack(): void {
    if (this.#grid.everyMicros === this.#grid.sizeMicros) {
      this.directCount = 0;
      return;
    }
    const { direct, directCount, windows } = this;
    const { everyMicros } = this.#grid;
    let left = 0;
    for (let i = 0; i < directCount; i++) {
      const row = direct[i] as number;
      const before = (windows[row] as number) - everyMicros;
      if (before < (this.#firsts[row] as number)) continue;
      windows[row] = before;
      direct[left++] = row;
    }
    this.directCount = left;
  }
}
