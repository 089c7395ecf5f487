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
  type ValueColumn,
} from "@df/core";
import { lateRows } from "./late.ts";
import { PaneGroups } from "./pane-groups.ts";
import { FLAGS, Results, ROWS, TOUCHED, type OpenAggregate } from "./results.ts";
import { Touched } from "./touched.ts";
import { assignTumbling, startOfWindow } from "./tumbling.ts";
import type { WindowOptions } from "./window.ts";

/** A batch to emit, and where. */
interface Emission {
  readonly batch: Batch;
  readonly port: number;
}

const LATE_PORT = 1;

/** Opens the windows of one shard: a table with a pane per window, a row per group. */
export function openWindow(options: WindowOptions, context: OperatorContext): Operator {
  return new WindowOperator(options, context);
}

class WindowOperator implements Operator {
  readonly #options: WindowOptions;
  readonly #context: OperatorContext;
  readonly #table: StateTable;
  readonly #groupColumns: readonly number[];
  readonly #aggregates: readonly OpenAggregate[];
  readonly #results: Results;
  readonly #touched: Touched = new Touched();
  #clock: Time;
  /** What is left to emit for the call that was given last. */
  #work: Iterator<Emission, void> | undefined;

  readonly #groups: PaneGroups = new PaneGroups();
  readonly #starts: Float64Array = new Float64Array(BATCH_ROWS_MAX);
  readonly #accepted: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #late: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #ids: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #fresh: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #offsets: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #rowsWord: number;
  readonly #flagsWord: number;

  constructor(options: WindowOptions, context: OperatorContext) {
    this.#options = options;
    this.#context = context;
    this.#clock = context.clock;
    const input = present(context.inputs[0], "the window's input").schema;
    const states = options.aggregates.map(({ name, spec }) => spec.state(input, name));
    const hidden: readonly ValueColumn[] = [
      { name: ROWS, words: 1 },
      { name: FLAGS, words: 1 },
    ];
    this.#table = context.state.table("groups", {
      key: pick(input, options.by),
      value: [...hidden, ...states.flat()],
      panes: true,
    });
    this.#groupColumns = options.by.map((name) => columnIndex(input, name));
    this.#aggregates = options.aggregates.map(({ spec }, index) => ({
      aggregate: spec.open(
        input,
        this.#table,
        this.#table.offset(present(states[index]?.[0], "a state column").name),
      ),
      column: spec.column === undefined ? -1 : columnIndex(input, spec.column),
    }));
    this.#results = new Results(this.#table, present(context.outputs[0], "the result"), this.#aggregates);
    this.#rowsWord = this.#table.offset(ROWS);
    this.#flagsWord = this.#table.offset(FLAGS);
  }

  onBatch(batch: Batch, _port: number, out: Output): Progress {
    const late = this.#split(batch);
    const accepted = batch.length - late;
    if (accepted > 0) this.#fold(batch, accepted);
    this.#context.count("folded", accepted);
    if (late === 0) return "done";
    this.#context.count("late", late);
    const { schema } = present(this.#context.outputs[LATE_PORT], "the output of late rows");
    return this.#emit([{ batch: lateRows(batch, this.#late, late, schema), port: LATE_PORT }].values(), out);
  }

  onClock(clock: Time, out: Output): Progress {
    return this.#emit(this.#advance(clock), out);
  }

  clockOut(clock: Time): Time {
    return clock - this.#options.allowedLatenessMicros;
  }

  flush(out: Output): Progress {
    return this.#emit(this.#changes(Number.POSITIVE_INFINITY), out);
  }

  resume(out: Output): Progress {
    const work = this.#work;
    return work === undefined ? "done" : this.#emit(work, out);
  }

  /** Windows, one per group, that the clock has not reached the end of. */
  gauges(): Readonly<Record<string, number>> {
    let windows = 0;
    for (const pane of this.#table.panes()) {
      if (!this.#isFired(pane, this.#clock)) windows += this.#table.sizeOf(pane);
    }
    return { windows };
  }

  /** Pushes batch after batch until the output is full; the iterator is the cursor. */
  #emit(work: Iterator<Emission, void>, out: Output): Progress {
    this.#work = work;
    for (let next = work.next(); next.done !== true; next = work.next()) {
      if (out(next.value.batch, next.value.port) === "full") return "more";
    }
    this.#work = undefined;
    return "done";
  }

  /** Parts accepted rows from late ones by their own clocks; returns the number of late ones. */
  #split(batch: Batch): number {
    const starts = this.#starts;
    assignTumbling(this.#options.window, batch.times, batch.length, starts);
    const open = this.#options.window.sizeMicros - 1 + this.#options.allowedLatenessMicros;
    const { clocks, length } = batch;
    let accepted = 0;
    let late = 0;
    for (let row = 0; row < length; row++) {
      const clock = typeof clocks === "number" ? clocks : (clocks[row] as number);
      if (clock < (starts[row] as number) + open) this.#accepted[accepted++] = row;
      else this.#late[late++] = row;
    }
    return late;
  }

  /** Folds the accepted rows, pane by pane. */
  #fold(batch: Batch, accepted: number): void {
    const groups = this.#groups;
    groups.group(this.#starts, this.#accepted, accepted);
    for (let p = 0; p < groups.panes.length; p++) {
      const begin = groups.begins[p] as number;
      const end = groups.begins[p + 1] as number;
      this.#foldPane(batch, groups.panes[p] as number, groups.rows.subarray(begin, end));
    }
  }

  #foldPane(batch: Batch, pane: PaneId, rows: Int32Array): void {
    const table = this.#table;
    const count = rows.length;
    assert(!this.#isDropped(pane, this.#clock), "a row came for a window that its clock said was over");
    table.insert({ batch, columns: this.#groupColumns, rows, count }, pane, this.#ids, this.#fresh);
    table.offsets(this.#ids, count, this.#offsets);
    addRows(table.words, this.#offsets, { word: this.#rowsWord, rows, diffs: batch.diffs });
    for (const { aggregate, column } of this.#aggregates) {
      aggregate.fold(this.#offsets, column < 0 ? undefined : batch.columns[column], rows, count, batch.diffs);
    }
    if (this.#options.emit === "onUpdate" || this.#isFired(pane, this.#clock)) this.#touch(pane, count);
  }

  /** Puts the groups of the last `count` offsets on the list of their pane, unless they are on it. */
  #touch(pane: PaneId, count: number): void {
    const { words } = this.#table;
    const list = this.#touched.list(pane);
    for (let i = 0; i < count; i++) {
      const at = (this.#offsets[i] as number) + this.#flagsWord;
      const flags = words[at] as number;
      if ((flags & TOUCHED) !== 0) continue;
      words[at] = flags | TOUCHED;
      list.push(this.#ids[i] as number);
    }
  }

  #isFired(pane: PaneId, clock: Time): boolean {
    return pane + this.#options.window.sizeMicros - 1 <= clock;
  }

  #isDropped(pane: PaneId, clock: Time): boolean {
    return pane + this.#options.window.sizeMicros - 1 + this.#options.allowedLatenessMicros <= clock;
  }

  /** Whether a pane may fire or be dropped between two clocks; most clocks move within windows. */
  #isBoundaryCrossed(before: Time, clock: Time): boolean {
    const { window, allowedLatenessMicros } = this.#options;
    // Infinite clocks have no window: NaN differs from itself, so they count as crossing.
    const isCrossed = (delay: number): boolean =>
      startOfWindow(window, clock + 1 - delay) !== startOfWindow(window, before + 1 - delay);
    return isCrossed(0) || isCrossed(allowedLatenessMicros);
  }

  /** Moves the clock on: corrections of what stood before, then panes in ascending order. */
  *#advance(clock: Time): Generator<Emission, void> {
    const before = this.#clock;
    const isFinal = this.#options.emit === "final";
    // With "onUpdate" open windows wait for the flush; those that end here do not.
    const isDue = isFinal ? Number.POSITIVE_INFINITY : clock;
    yield* this.#changes(isDue);
    const panes = this.#isBoundaryCrossed(before, clock) ? this.#table.panes() : [];
    for (const pane of panes) {
      if (!this.#isFired(pane, clock)) break;
      if (isFinal && !this.#isFired(pane, before)) yield* this.#pane(pane);
      if (this.#isDropped(pane, clock)) this.#table.drop(pane);
    }
    yield* this.#rest();
    this.#clock = clock;
  }

  /** All groups of a pane, in canonical order of their keys. */
  *#pane(pane: PaneId): Generator<Emission, void> {
    const size = this.#table.sizeOf(pane);
    for (let from = 0; from < size;) {
      const room = Math.min(this.#results.room, size - from);
      const count = this.#table.scan(pane, from, this.#ids.subarray(0, room));
      this.#results.append(this.#ids, count, pane, pane + this.#options.window.sizeMicros);
      from += count;
      if (this.#results.room === 0) yield* this.#rest();
    }
  }

  /** Groups touched since the last flush, of panes that are dropped at `clock`; +∞ takes all. */
  *#changes(clock: Time): Generator<Emission, void> {
    for (const pane of this.#touched.panes()) {
      if (!this.#isDropped(pane, clock)) break;
      const ids = this.#touched.take(pane);
      for (let from = 0; from < ids.length;) {
        const count = Math.min(this.#results.room, ids.length - from);
        const some = ids.subarray(from, from + count);
        this.#results.append(some, count, pane, pane + this.#options.window.sizeMicros);
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

/** Adds each row's diff to the row count of its group. */
function addRows(
  words: Float64Array,
  offsets: Int32Array,
  fold: { readonly word: number; readonly rows: Int32Array; readonly diffs: Int32Array | undefined },
): void {
  const { word, rows, diffs } = fold;
  for (let i = 0; i < rows.length; i++) {
    const at = (offsets[i] as number) + word;
    words[at] = (words[at] as number) + (diffs === undefined ? 1 : (diffs[rows[i] as number] as number));
  }
}
