import {
  BATCH_ROWS_MAX,
  BEGINNING,
  ColumnBuilder,
  type Batch,
  type Shape,
  type StateTable,
  type Time,
} from "@df/core";
import { forRows } from "@df/core/batch/grown";
import { EMITTED, FLAGS, ROWS, type OpenAggregate } from "../aggregates/folding.ts";

/** The window that results are of, µs; they have its bounds behind the columns of the group. */
export interface Bounds {
  readonly start: Time;
  readonly end: Time;
}

/** Collects groups as rows of the result. `take` them when `room` is 0 and at the end. */
export class Results {
  readonly #table: StateTable;
  readonly #output: Shape;
  readonly #groupColumns: number;
  /** Where the columns of aggregates begin. */
  readonly #firstAggregate: number;
  readonly #aggregates: readonly OpenAggregate[];
  readonly #builders: readonly ColumnBuilder[];
  readonly #rowsWord: number;
  readonly #flagsWord: number;
  #kept: Int32Array = new Int32Array(0);
  #offsets: Int32Array = new Int32Array(0);
  #times: Float64Array = new Float64Array(0);
  #diffs: Int32Array = new Int32Array(0);
  #length = 0;

  /** `groupColumns`: how many columns make a group. */
  constructor(
    table: StateTable,
    output: Shape,
    { groupColumns, open }: { readonly groupColumns: number; readonly open: readonly OpenAggregate[] },
  ) {
    this.#table = table;
    this.#output = output;
    this.#aggregates = open;
    this.#groupColumns = groupColumns;
    this.#firstAggregate = output.schema.fields.length - open.length;
    this.#builders = output.schema.fields.map((field) => new ColumnBuilder(field.type));
    this.#rowsWord = table.offset(ROWS);
    this.#flagsWord = table.offset(FLAGS);
  }

  /** Rows that still fit the batch. */
  get room(): number {
    return BATCH_ROWS_MAX - this.#length;
  }

  /**
   * Appends at most `room` groups: groups that have rows as they are, groups that lost all after they were emitted as
   * deletes. Others are passed over. The groups of one window have its `bounds`, and an event time 1 µs before its end;
   * without bounds there is no event time.
   */
  append(ids: Int32Array, count: number, bounds?: Bounds): void {
    const begin = this.#length;
    this.#kept = forRows(this.#kept, count);
    this.#offsets = forRows(this.#offsets, count);
    this.#times = forRows(this.#times, begin + count);
    this.#diffs = forRows(this.#diffs, begin + count);
    const kept = this.#choose(ids, count);
    if (kept === 0) return;
    this.#table.copyKeys(this.#kept, kept, this.#builders.slice(0, this.#groupColumns));
    if (bounds !== undefined) this.#appendBounds(begin, kept, bounds);
    this.#times.fill(bounds === undefined ? BEGINNING : bounds.end - 1, begin, begin + kept);
    this.#length = begin + kept;
    this.#appendAggregates(begin, kept);
  }

  /** The collected rows, which the next ones write over; undefined if there are none. */
  take(): Batch | undefined {
    const length = this.#length;
    if (length === 0) return undefined;
    const { schema, change } = this.#output;
    this.#length = 0;
    return {
      schema,
      length,
      columns: this.#builders.map((builder) => builder.lend()),
      change,
      diffs: change === "append" ? undefined : this.#diffs,
      times: this.#times,
      clocks: BEGINNING,
    };
  }

  /** Leaves the ids and offsets of the groups to emit in `#kept` and `#offsets`; returns their number. */
  #choose(ids: Int32Array, count: number): number {
    const table = this.#table;
    table.offsets(ids, count, this.#offsets);
    if (this.#output.change !== "append") table.touch(ids, count);
    const { words } = table;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const at = this.#offsets[i] as number;
      const isAlive = (words[at + this.#rowsWord] as number) > 0;
      const isEmitted = ((words[at + this.#flagsWord] as number) & EMITTED) !== 0;
      words[at + this.#flagsWord] = isAlive ? EMITTED : 0;
      if (!isAlive && !isEmitted) continue;
      this.#kept[kept] = ids[i] as number;
      this.#offsets[kept] = at;
      this.#diffs[this.#length + kept] = isAlive ? 1 : -1;
      kept++;
    }
    return kept;
  }

  #appendBounds(begin: number, count: number, { start, end }: Bounds): void {
    const startColumn = this.#builders[this.#groupColumns] as ColumnBuilder;
    const endColumn = this.#builders[this.#groupColumns + 1] as ColumnBuilder;
    for (let i = 0; i < count; i++) {
      startColumn.number(start);
      // A delete carries its key alone; of the window that is its start.
      if ((this.#diffs[begin + i] as number) > 0) endColumn.number(end);
      else endColumn.null();
    }
  }

  /** Runs of living groups get their results in one call; deletes between them get nothing. */
  #appendAggregates(begin: number, count: number): void {
    let from = 0;
    while (from < count) {
      const diff = this.#diffs[begin + from];
      let to = from + 1;
      while (to < count && this.#diffs[begin + to] === diff) to++;
      const offsets = this.#offsets.subarray(from, to);
      for (let a = 0; a < this.#aggregates.length; a++) {
        const into = this.#builders[this.#firstAggregate + a] as ColumnBuilder;
        if (diff === 1) (this.#aggregates[a] as OpenAggregate).aggregate.result(offsets, to - from, into);
        else for (let i = from; i < to; i++) into.null();
      }
      from = to;
    }
  }
}
