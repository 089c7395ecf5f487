import type { Batch, Time } from "@df/core";
import { forRows } from "@df/core/batch/grown";
import { firstOpenAt, firstWindowAt, lastWindowAt, stepAt, type Grid } from "./windowing.ts";

/** Rows of a batch that go to the same windows. */
export interface RowGroup {
  /** Start of the pane that holds them. */
  readonly pane: number;
  /** They are folded once into the pane, for all of their windows that have not fired. */
  readonly isPaned: boolean;
  /** They are folded into each window that begins from `first` to `last`: none where `first` is the later one. */
  readonly first: number;
  readonly last: number;
  /** `rows[0..count)`, in their order. */
  rows: Int32Array;
  count: number;
}

/** With the clocks from which on rows of the pane are late for the first of its windows, and for all of them. */
interface PaneGroup extends RowGroup {
  readonly partialAt: Time;
  readonly lateAt: Time;
}

/** Arrays for the rows of so many groups are kept for the next batch, and how long they are at first. */
const KEPT = 16;
const ROWS_MIN = 16;

/**
 * Decides which windows take each row of a batch, by the row's own clock, and where it is folded: once into its pane,
 * for all of its windows that have not fired, or else into windows one by one. Reused from batch to batch.
 */
export class Assignment {
  /** Rows that are late for all of their windows: `late[0..lateCount)`. */
  late: Int32Array = new Int32Array(0);
  lateCount = 0;
  /** Rows that are late for some of their windows only. */
  partialCount = 0;
  /** All others, in the order of the first row of each group. */
  readonly groups: RowGroup[] = [];
  /** Groups whose rows are late for none of their windows, by pane; and the others, by pane and first window. */
  readonly #whole: Map<number, PaneGroup> = new Map();
  readonly #parts: Map<number, Map<number, PaneGroup>> = new Map();
  /** All that were made for the batch, also those of which each row turned out to be late. */
  readonly #made: PaneGroup[] = [];
  readonly #kept: Int32Array[] = [];
  /** The clock that all rows of a batch have, as one a row. */
  #equalClocks: Float64Array = new Float64Array(0);
  readonly #grid: Grid;
  readonly #latenessMicros: number;
  /** The first window that the operator's clock has not reached the end of. */
  #unfired = 0;

  constructor(grid: Grid, latenessMicros: number) {
    this.#grid = grid;
    this.#latenessMicros = latenessMicros;
  }

  /** Assigns the rows of a batch. `clock` is the operator's: it says which windows have fired, never who is late. */
  assign({ times, clocks, length }: Batch, clock: Time): void {
    this.#begin(clock);
    const { paneMicros } = this.#grid;
    const late = (this.late = forRows(this.late, length));
    // One kind of value in the loop: of two kinds, each that is read would be an object.
    const rowClocks = typeof clocks === "number" ? this.#equal(clocks, length) : clocks;
    let lateCount = 0;
    let partialCount = 0;
    let group: PaneGroup | undefined;
    let other: PaneGroup | undefined;
    let rows = late;
    let count = 0;
    let pane = Number.NaN;
    let lateAt = Number.NaN;
    let partialAt = Number.NaN;
    for (let row = 0; row < length; row++) {
      const time = times[row] as number;
      // Neighbours mostly share a pane, or two where one ends: divisions per row cost more than comparisons.
      if (!(time >= pane && time < pane + paneMicros)) {
        if (group !== undefined) group.count = count;
        const isOther = other !== undefined && time >= other.pane && time < other.pane + paneMicros;
        const next: PaneGroup = isOther ? (other as PaneGroup) : this.#wholeAt(time);
        other = group;
        group = next;
        ({ pane, rows, count, partialAt, lateAt } = next);
      }
      const rowClock = rowClocks[row] as number;
      if (rowClock >= partialAt) {
        if (rowClock >= lateAt) late[lateCount++] = row;
        else {
          this.#addPart(pane, rowClock, row);
          partialCount++;
        }
        continue;
      }
      if (count === rows.length) rows = longer(group as RowGroup);
      rows[count++] = row;
    }
    if (group !== undefined) group.count = count;
    for (const one of this.#made) if (one.count > 0) this.groups.push(one);
    this.lateCount = lateCount;
    this.partialCount = partialCount;
  }

  #equal(clock: Time, rows: number): Float64Array {
    this.#equalClocks = forRows(this.#equalClocks, rows);
    return this.#equalClocks.fill(clock, 0, rows);
  }

  #begin(clock: Time): void {
    const made = this.#made;
    for (let at = 0; at < made.length && at < KEPT; at++) this.#kept[at] = (made[at] as RowGroup).rows;
    made.length = 0;
    this.groups.length = 0;
    this.#whole.clear();
    this.#parts.clear();
    // Without panes all windows are as if they had fired: they take their rows themselves.
    this.#unfired = this.#grid.isPaned ? firstOpenAt(this.#grid, clock) : Number.POSITIVE_INFINITY;
  }

  /** The group of the rows at a time that are late for none of their windows. */
  #wholeAt(time: number): PaneGroup {
    const pane = stepAt(time, this.#grid.paneMicros, this.#grid.offsetMicros);
    let group = this.#whole.get(pane);
    if (group === undefined) {
      group = this.#make(pane, firstWindowAt(this.#grid, pane));
      this.#whole.set(pane, group);
    }
    return group;
  }

  /** Adds a row that is late for the first of its windows. */
  #addPart(pane: number, rowClock: Time, row: number): void {
    const first = firstOpenAt(this.#grid, rowClock - this.#latenessMicros);
    let parts = this.#parts.get(pane);
    if (parts === undefined) this.#parts.set(pane, (parts = new Map<number, PaneGroup>()));
    let group = parts.get(first);
    if (group === undefined) parts.set(first, (group = this.#make(pane, first)));
    if (group.count === group.rows.length) longer(group);
    group.rows[group.count++] = row;
  }

  /** A group of rows of a pane that are taken by their windows from `first` on. */
  #make(pane: number, first: number): PaneGroup {
    const grid = this.#grid;
    const unfired = this.#unfired;
    const lowest = firstWindowAt(grid, pane);
    const highest = lastWindowAt(grid, pane);
    const untilLate = grid.sizeMicros - 1 + this.#latenessMicros;
    // The pane stands for all windows that have not fired, so the rows must be taken by each of them.
    const isWhole = first <= Math.max(lowest, unfired);
    const isPaned = isWhole && unfired <= highest;
    const last = isWhole ? Math.min(highest, unfired - grid.everyMicros) : highest;
    const rows = this.#kept[this.#made.length] ?? new Int32Array(ROWS_MIN);
    const [partialAt, lateAt] = [lowest + untilLate, highest + untilLate];
    const group = { pane, isPaned, first, last, rows, count: 0, partialAt, lateAt };
    this.#made.push(group);
    return group;
  }
}

/** Gives a group that is full more room. */
function longer(group: RowGroup): Int32Array {
  const rows = new Int32Array(group.rows.length * 4);
  rows.set(group.rows);
  return (group.rows = rows);
}
