import {
  BATCH_ROWS_MAX,
  columnIndex,
  gatherRows,
  pick,
  type Batch,
  type Keys,
  type Operator,
  type OperatorContext,
  type Output,
  type PaneId,
  type Progress,
  type Shape,
  type StateTable,
  type Time,
} from "@df/core";
import { LateSplit } from "../outputs/late-split.ts";
import { lateRows } from "../outputs/late.ts";
import { Pending } from "../outputs/pending.ts";

/** What dropping copies by arrival is told. */
export interface AnyOptions {
  readonly by: readonly string[];
  readonly withinMicros: number;
  readonly allowedLatenessMicros: number;
}

/**
 * Opens `keep: "any"`. Kept rows lie in panes of event time as long as the distance: a pane then holds at most one kept
 * row of a key, what a new row is near to lies in its own pane or a neighbour, and old panes are dropped whole.
 */
export function openAny(context: OperatorContext, options: AnyOptions): Operator {
  return new AnyDedupe(context, options);
}

class AnyDedupe implements Operator {
  readonly #context: OperatorContext;
  readonly #options: AnyOptions;
  readonly #split: LateSplit;
  readonly #columns: readonly number[];
  readonly #table: StateTable;
  /** Words from a row's start: 1 if a row is kept there, then its event time. */
  readonly #kept: number;
  readonly #before: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #own: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #after: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #offsets: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #pending: Pending = new Pending();

  constructor(context: OperatorContext, options: AnyOptions) {
    const { schema } = context.inputs[0] as Shape;
    this.#context = context;
    this.#options = options;
    this.#split = new LateSplit(options.allowedLatenessMicros);
    this.#columns = options.by.map((name) => columnIndex(schema, name));
    const value = [{ name: "kept", words: 2 }];
    this.#table = context.state.table("kept", { key: pick(schema, options.by), value, panes: true });
    this.#kept = this.#table.offset("kept");
  }

  onBatch(batch: Batch, _port: number, out: Output): Progress {
    this.#split.part(batch);
    const { rows, count, lateCount } = this.#split;
    const first = new Int32Array(count);
    const firsts = count === 0 ? 0 : this.#decide(batch, rows, count, first);
    if (count > firsts) this.#context.count("duplicate", count - firsts);
    if (firsts > 0) {
      this.#context.count("passed", firsts);
      this.#pending.add([{ ...gatherRows(batch, first, firsts), origin: undefined }]);
    }
    if (lateCount > 0) this.#pending.add([lateRows(this.#context, 1, batch, this.#split)], 1);
    return this.resume(out);
  }

  resume(out: Output): Progress {
    return this.#pending.push(out);
  }

  /** Forgets kept rows once nothing that is not late can be near to them. */
  onClock(clock: Time): Progress {
    const { withinMicros, allowedLatenessMicros } = this.#options;
    for (const pane of this.#table.panes()) {
      // The last row of the pane reaches less than two distances beyond the pane's start.
      if (pane + 2 * withinMicros > clock - allowedLatenessMicros) break;
      this.#table.drop(pane);
    }
    return "done";
  }

  /** Writes the rows that are no copies to `first`, returns their number and keeps them. */
  #decide(batch: Batch, rows: Int32Array, count: number, first: Int32Array): number {
    const fresh = this.#look(batch, rows, count);
    const table = this.#table;
    const before = this.#offsetsOf(this.#before, count);
    const own = this.#offsetsOf(this.#own, count);
    const after = this.#offsetsOf(this.#after, count);
    const { words } = table;
    const { withinMicros } = this.#options;
    let firsts = 0;
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number;
      const time = batch.times[row] as number;
      const isNear =
        near(words, own[i] as number, time, withinMicros) ||
        near(words, before[i] as number, time, withinMicros) ||
        near(words, after[i] as number, time, withinMicros);
      if (isNear) continue;
      words[own[i] as number] = 1;
      words[(own[i] as number) + 1] = time;
      first[firsts++] = row;
    }
    this.#removeUnused(fresh);
    return firsts;
  }

  /**
   * Finds, or makes, each row's place in its own pane, and finds those in the panes beside it. Returns what is made.
   */
  #look(batch: Batch, rows: Int32Array, count: number): number[] {
    const { withinMicros } = this.#options;
    const columns = this.#columns;
    const groups = byPane(batch.times, rows, count, withinMicros);
    const ids = new Int32Array(count);
    const fresh = new Int32Array(count);
    const made: number[] = [];
    for (const { pane, positions, own } of groups) {
      const news = this.#table.insert({ batch, columns, rows: own, count: own.length }, pane, ids, fresh);
      for (let k = 0; k < news; k++) made.push(ids[fresh[k] as number] as number);
      scatter(ids, positions, this.#own);
    }
    // Only now: the rows of this batch may be near to each other.
    for (const { pane, positions, own } of groups) {
      const keys: Keys = { batch, columns, rows: own, count: own.length };
      this.#table.find(keys, pane - withinMicros, ids);
      scatter(ids, positions, this.#before);
      this.#table.find(keys, pane + withinMicros, ids);
      scatter(ids, positions, this.#after);
    }
    return made;
  }

  /** Word offsets of what the rows keep; −1 where there is no row. */
  #offsetsOf(ids: Int32Array, count: number): Int32Array {
    const offsets = new Int32Array(count);
    this.#table.offsets(ids, count, offsets);
    for (let i = 0; i < count; i++) {
      offsets[i] = (ids[i] as number) < 0 ? -1 : (offsets[i] as number) + this.#kept;
    }
    return offsets;
  }

  /** A place that was made for a copy of a row in the pane beside it keeps nothing. */
  #removeUnused(made: readonly number[]): void {
    if (made.length === 0) return;
    const ids = Int32Array.from(made);
    this.#table.offsets(ids, ids.length, this.#offsets);
    const { words } = this.#table;
    let unused = 0;
    for (let i = 0; i < made.length; i++) {
      if (words[(this.#offsets[i] as number) + this.#kept] === 0) ids[unused++] = made[i] as number;
    }
    if (unused > 0) this.#table.remove(ids, unused);
  }
}

/** Whether a row is kept at `offset`, less than `within` away from `time`. */
function near(words: Float64Array, offset: number, time: Time, within: number): boolean {
  return offset >= 0 && words[offset] === 1 && Math.abs((words[offset + 1] as number) - time) < within;
}

/** Start of the pane of a time. */
function paneOf(time: Time, within: number): PaneId {
  return Math.floor(time / within) * within + 0;
}

/** Rows that lie in one pane: their positions in the list of rows, and their numbers in the batch. */
interface PaneRows {
  readonly pane: PaneId;
  readonly positions: Int32Array;
  readonly own: Int32Array;
}

/** The rows `rows[0..count)` by pane, each pane's in their order. */
function byPane(times: Float64Array, rows: Int32Array, count: number, within: number): PaneRows[] {
  const groups = new Map<PaneId, number[]>();
  let pane = Number.NaN;
  let group: number[] = [];
  for (let i = 0; i < count; i++) {
    const next = paneOf(times[rows[i] as number] as number, within);
    // Neighbours are mostly of one pane, so the map is seldom asked.
    if (next !== pane) {
      pane = next;
      group = groups.get(pane) ?? [];
      groups.set(pane, group);
    }
    group.push(i);
  }
  return [...groups].map(([id, list]) => {
    const positions = Int32Array.from(list);
    return { pane: id, positions, own: positions.map((i) => rows[i] as number) };
  });
}

function scatter(ids: Int32Array, positions: Int32Array, into: Int32Array): void {
  for (let k = 0; k < positions.length; k++) into[positions[k] as number] = ids[k] as number;
}
