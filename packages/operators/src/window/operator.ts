import {
  assert,
  BATCH_ROWS_MAX,
  columnIndex,
  pick,
  present,
  type Batch,
  type Operator,
  type OperatorContext,
  type Output,
  type PaneId,
  type Progress,
  type StateTable,
  type Time,
} from "@df/core";
import { forRows } from "@df/core/batch/grown";
import { bringGroups } from "../aggregates/bring-groups.ts";
import { Folding, FLAGS, groupState, TOUCHED } from "../aggregates/folding.ts";
import { Conditions } from "../aggregates/where/conditions.ts";
import { Cursor } from "../outputs/cursor.ts";
import { lateRows } from "../outputs/late.ts";
import type { Emission } from "../outputs/pending.ts";
import { Results } from "../outputs/results.ts";
import { Assignment } from "../windowing/assignment.ts";
import { PaneJoiner } from "./join-panes.ts";
import { Touched } from "./touched.ts";
import type { WindowOptions } from "./options.ts";
import {
  firstOpenAt,
  firstWindowAt,
  gridOf,
  isPane,
  lastWindowAt,
  paneId,
  startOfPart,
  stepAt,
  windowId,
  type Grid,
} from "../windowing/windowing.ts";

const LATE_PORT = 1;

/**
 * Opens the windows of one shard: a table with a part per window and a row per group in each. Windows that overlap and
 * are shown when they are over share their rows: those are folded once, into parts for panes of time. A window that
 * fires joins its panes into its own part; from then on rows for it go there, and so do rows that come too late for
 * another window of their pane that has not fired.
 */
export function openWindow(options: WindowOptions, context: OperatorContext): Operator {
  return new WindowOperator(options, context);
}

class WindowOperator implements Operator {
  readonly #options: WindowOptions;
  readonly #grid: Grid;
  readonly #context: OperatorContext;
  readonly #table: StateTable;
  readonly #groupColumns: readonly number[];
  readonly #conditions: Conditions;
  readonly #folding: Folding;
  readonly #results: Results;
  readonly #joiner: PaneJoiner;
  readonly #assignment: Assignment;
  readonly #touched: Touched = new Touched();
  #clock: Time;
  readonly #cursor: Cursor = new Cursor();

  #ids: Int32Array = new Int32Array(0);
  #fresh: Int32Array = new Int32Array(0);
  #offsets: Int32Array = new Int32Array(0);
  readonly #flagsWord: number;

  constructor(options: WindowOptions, context: OperatorContext) {
    this.#options = options;
    this.#grid = gridOf(options.window, options.emit === "final");
    this.#assignment = new Assignment(this.#grid, options.allowedLatenessMicros);
    this.#context = context;
    this.#clock = context.clock;
    const input = present(context.inputs[0], "the window's input").schema;
    const key = pick(input, options.by);
    this.#table = context.state.table("groups", {
      key,
      value: groupState(options.aggregates, input),
      panes: true,
      bring: bringGroups(context, key),
    });
    this.#groupColumns = options.by.map((name) => columnIndex(input, name));
    const specs = options.aggregates.map(({ spec }) => spec);
    this.#conditions = new Conditions(specs, context);
    this.#folding = new Folding(options.aggregates, input, {
      table: this.#table,
      conditions: this.#conditions,
    });
    this.#results = new Results(this.#table, present(context.outputs[0], "the result"), {
      groupColumns: options.by.length,
      open: this.#folding.open,
    });
    this.#joiner = new PaneJoiner(this.#table, this.#folding.open);
    this.#flagsWord = this.#table.offset(FLAGS);
    if (context.migration !== undefined) this.#touchShown();
  }

  onBatch(given: Batch, _port: number, out: Output): Progress {
    const batch = this.#conditions.ask(given, this.#context);
    if (batch === undefined) return "done";
    const assignment = this.#assignment;
    assignment.assign(batch, this.#clock);
    this.#fold(batch);
    const { lateCount, partialCount } = assignment;
    this.#context.count("folded", batch.length - lateCount);
    if (partialCount > 0) this.#context.countLatePartial(partialCount);
    if (lateCount === 0) return "done";
    const late = lateRows(this.#context, LATE_PORT, batch, assignment);
    return this.#cursor.begin([{ batch: late, port: LATE_PORT }].values(), out);
  }

  onClock(clock: Time, out: Output): Progress {
    return this.#cursor.begin(this.#advance(clock), out);
  }

  clockOut(clock: Time): Time {
    return clock - this.#options.allowedLatenessMicros;
  }

  flush(out: Output): Progress {
    return this.#cursor.begin(this.#changes(Number.POSITIVE_INFINITY), out);
  }

  resume(out: Output): Progress {
    return this.#cursor.resume(out);
  }

  /**
   * Windows that the clock has not reached the end of: one per group or, where groups lie in panes, one for all groups.
   */
  gauges(): Readonly<Record<string, number>> {
    if (this.#grid.isPaned) return { windows: this.#openStarts().size };
    let windows = 0;
    for (const id of this.#table.panes()) {
      if (!this.#isFired(startOfPart(this.#grid, id), this.#clock)) windows += this.#table.sizeOf(id);
    }
    return { windows };
  }

  nextDue(): Time | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const start of this.#openStarts()) next = Math.min(next, start);
    return Number.isFinite(next) ? next + this.#grid.sizeMicros - 1 : undefined;
  }

  /** Starts of the windows that have rows and that the clock has not reached the end of. */
  #openStarts(): Set<number> {
    const grid = this.#grid;
    const open = new Set<number>();
    for (const id of this.#table.panes()) {
      const start = startOfPart(grid, id);
      const [first, last] = isPane(grid, id)
        ? [firstWindowAt(grid, start), lastWindowAt(grid, start)]
        : [start, start];
      const from = Math.max(first, firstOpenAt(grid, this.#clock));
      for (let at = from; at <= last; at += grid.everyMicros) open.add(at);
    }
    return open;
  }

  /** Folds the rows that were assigned, into panes and windows. */
  #fold(batch: Batch): void {
    const grid = this.#grid;
    for (const { pane, isPaned, first, last, rows, count } of this.#assignment.groups) {
      const some = rows.subarray(0, count);
      if (isPaned) this.#foldPart(batch, paneId(grid, pane), some);
      for (let start = last; start >= first; start -= grid.everyMicros) this.#foldWindow(batch, start, some);
    }
  }

  #foldWindow(batch: Batch, start: number, rows: Int32Array): void {
    assert(!this.#isDropped(start, this.#clock), "a row came for a window that its clock said was over");
    this.#foldPart(batch, windowId(this.#grid, start), rows);
    if (this.#options.emit === "onUpdate" || this.#isFired(start, this.#clock)) {
      this.#touch(start, rows.length);
    }
  }

  #foldPart(batch: Batch, part: PaneId, rows: Int32Array): void {
    const table = this.#table;
    const count = rows.length;
    this.#makeRoom(count);
    table.insert({ batch, columns: this.#groupColumns, rows, count }, part, this.#ids, this.#fresh);
    table.offsets(this.#ids, count, this.#offsets);
    this.#folding.fold(batch, rows, this.#offsets);
  }

  /** What was shown and may change comes again: its groups are others than they were. */
  #touchShown(): void {
    const { emit, allowedLatenessMicros } = this.#options;
    if (emit === "final" && allowedLatenessMicros === 0) return;
    for (const id of this.#table.panes()) {
      const start = startOfPart(this.#grid, id);
      const isShown = emit === "onUpdate" || this.#isFired(start, this.#clock);
      if (isPane(this.#grid, id) || !isShown) continue;
      const size = this.#table.sizeOf(id);
      this.#makeRoom(Math.min(size, BATCH_ROWS_MAX));
      for (let from = 0; from < size;) {
        const count = this.#table.list(id, from, this.#ids);
        this.#table.touch(this.#ids, count);
        this.#table.offsets(this.#ids, count, this.#offsets);
        this.#touch(start, count);
        from += count;
      }
    }
  }

  /** Makes room for the groups of so many rows. */
  #makeRoom(rows: number): void {
    this.#ids = forRows(this.#ids, rows);
    this.#fresh = forRows(this.#fresh, rows);
    this.#offsets = forRows(this.#offsets, rows);
  }

  /** Puts the groups of the last `count` offsets on the list of their window, unless they are on it. */
  #touch(start: number, count: number): void {
    const { words } = this.#table;
    const list = this.#touched.list(start);
    for (let i = 0; i < count; i++) {
      const at = (this.#offsets[i] as number) + this.#flagsWord;
      const flags = words[at] as number;
      if ((flags & TOUCHED) !== 0) continue;
      words[at] = flags | TOUCHED;
      list.push(this.#ids[i] as number);
    }
  }

  #isFired(start: number, clock: Time): boolean {
    return start + this.#grid.sizeMicros - 1 <= clock;
  }

  #isDropped(start: number, clock: Time): boolean {
    return start + this.#grid.sizeMicros - 1 + this.#options.allowedLatenessMicros <= clock;
  }

  /** Whether a window may fire or be dropped between two clocks; most clocks move between such points. */
  #isBoundaryCrossed(before: Time, clock: Time): boolean {
    const { sizeMicros, everyMicros, offsetMicros } = this.#grid;
    // The last window that is over. Infinite clocks have none: NaN differs from itself, so they count as crossing.
    const last = (time: Time, delay: number): number =>
      stepAt(time + 1 - sizeMicros - delay, everyMicros, offsetMicros);
    const { allowedLatenessMicros: lateness } = this.#options;
    return last(clock, 0) !== last(before, 0) || last(clock, lateness) !== last(before, lateness);
  }

  /** Moves the clock on: corrections of what stood before, then windows in ascending order. */
  *#advance(clock: Time): Generator<Emission, void> {
    const before = this.#clock;
    const isFinal = this.#options.emit === "final";
    // With "onUpdate" open windows wait for the flush; those that end here do not.
    const isDue = isFinal ? Number.POSITIVE_INFINITY : clock;
    yield* this.#changes(isDue);
    const isCrossed = this.#isBoundaryCrossed(before, clock);
    for (const start of isCrossed ? this.#windowsUntil(before, clock) : []) {
      if (isFinal && !this.#isFired(start, before)) {
        if (this.#grid.isPaned) this.#join(start);
        yield* this.#window(start);
      }
      if (this.#isDropped(start, clock)) this.#table.drop(windowId(this.#grid, start));
    }
    if (isCrossed && this.#grid.isPaned) this.#dropPanes(clock);
    yield* this.#rest();
    this.#clock = clock;
  }

  /** Starts of windows that are over at `clock`, ascending: those that have a part, and those of panes, if new. */
  #windowsUntil(before: Time, clock: Time): number[] {
    const grid = this.#grid;
    const starts = new Set<number>();
    for (const id of this.#table.panes()) {
      const start = startOfPart(grid, id);
      const first = firstWindowAt(grid, start);
      // Parts come in order of time, so no later one has a window that is over.
      if (!this.#isFired(first, clock)) break;
      if (!isPane(grid, id)) {
        if (this.#isFired(start, clock)) starts.add(start);
        continue;
      }
      const last = lastWindowAt(grid, start);
      const from = Math.max(first, firstOpenAt(grid, before));
      for (let at = from; at <= last && this.#isFired(at, clock); at += grid.everyMicros) starts.add(at);
    }
    return [...starts].toSorted((a, b) => a - b);
  }

  /** Joins the panes of a window into its part. */
  #join(start: number): void {
    const { sizeMicros, paneMicros } = this.#grid;
    const into = windowId(this.#grid, start);
    for (let pane = start; pane < start + sizeMicros; pane += paneMicros) {
      this.#joiner.join(paneId(this.#grid, pane), into);
    }
  }

  /** Drops the panes of which the last window has fired. */
  #dropPanes(clock: Time): void {
    for (const id of this.#table.panes()) {
      if (!isPane(this.#grid, id)) continue;
      if (!this.#isFired(lastWindowAt(this.#grid, startOfPart(this.#grid, id)), clock)) break;
      this.#table.drop(id);
    }
  }

  /** All groups of a window, in canonical order of their keys. */
  *#window(start: number): Generator<Emission, void> {
    const id = windowId(this.#grid, start);
    const size = this.#table.sizeOf(id);
    const bounds = { start, end: start + this.#grid.sizeMicros };
    for (let from = 0; from < size;) {
      const room = Math.min(this.#results.room, size - from);
      this.#makeRoom(room);
      const count = this.#table.scan(id, from, this.#ids.subarray(0, room));
      this.#results.append(this.#ids, count, bounds);
      from += count;
      if (this.#results.room === 0) yield* this.#rest();
    }
  }

  /** Groups touched since the last flush, of windows that are dropped at `clock`; +∞ takes all. */
  *#changes(clock: Time): Generator<Emission, void> {
    for (const start of this.#touched.windows()) {
      if (!this.#isDropped(start, clock)) break;
      const ids = this.#touched.take(start);
      const bounds = { start, end: start + this.#grid.sizeMicros };
      for (let from = 0; from < ids.length;) {
        const count = Math.min(this.#results.room, ids.length - from);
        const some = ids.subarray(from, from + count);
        this.#results.append(some, count, bounds);
        from += count;
        if (this.#results.room === 0) yield* this.#rest();
      }
    }
    yield* this.#rest();
  }

  *#rest(): Generator<Emission, void> {
    const batch = this.#results.take();
    if (batch !== undefined) yield { batch, port: 0 };
  }
}
