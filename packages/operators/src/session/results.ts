import { BATCH_ROWS_MAX, BEGINNING, ColumnBuilder, type Batch, type Shape, type StateTable } from "@df/core";
import { appendDoubles } from "@df/core/state/word-columns";
import type { OpenAggregate } from "../aggregates/folding.ts";
import { LAST, START } from "./layout.ts";

/** Makes rows of the result from sessions. */
export class Results {
  readonly #table: StateTable;
  readonly #output: Shape;
  readonly #open: readonly OpenAggregate[];
  readonly #gapMicros: number;
  readonly #groupColumns: number;
  readonly #startWord: number;
  readonly #lastWord: number;
  readonly #builders: readonly ColumnBuilder[];
  readonly #offsets: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #times: Float64Array = new Float64Array(BATCH_ROWS_MAX);

  constructor(
    table: StateTable,
    output: Shape,
    { gapMicros, open }: { readonly gapMicros: number; readonly open: readonly OpenAggregate[] },
  ) {
    this.#table = table;
    this.#output = output;
    this.#open = open;
    this.#gapMicros = gapMicros;
    this.#groupColumns = output.schema.fields.length - open.length - 2;
    this.#startWord = table.offset(START);
    this.#lastWord = table.offset(LAST);
    this.#builders = output.schema.fields.map(({ type }) => new ColumnBuilder(type));
  }

  /**
   * The results of at most `BATCH_ROWS_MAX` sessions, as rows that append, in their order. The next ones are written
   * over them.
   */
  batchOf(ids: Int32Array): Batch {
    const count = ids.length;
    const builders = this.#builders;
    const table = this.#table;
    table.offsets(ids, count, this.#offsets);
    table.copyKeys(ids, count, builders.slice(0, this.#groupColumns));
    const starts = builders[this.#groupColumns] as ColumnBuilder;
    const ends = builders[this.#groupColumns + 1] as ColumnBuilder;
    const at = { places: this.#offsets, count, stride: 1 };
    appendDoubles(table.words, { ...at, word: this.#startWord }, starts);
    appendDoubles(table.words, { ...at, word: this.#lastWord }, ends);
    const times = this.#times;
    moveEnds(ends.room(count) as Float64Array, this.#gapMicros, count, times);
    for (let a = 0; a < this.#open.length; a++) {
      const into = builders[this.#groupColumns + 2 + a] as ColumnBuilder;
      (this.#open[a] as OpenAggregate).aggregate.result(this.#offsets, count, into);
    }
    return {
      schema: this.#output.schema,
      length: count,
      columns: builders.map((builder) => builder.lend()),
      change: "append",
      times,
      clocks: BEGINNING,
    };
  }
}

/** Makes ends of the times of last rows, and of those the times of the results: 1 µs before the end. */
function moveEnds(ends: Float64Array, gapMicros: number, count: number, times: Float64Array): void {
  for (let i = 0; i < count; i++) {
    const end = (ends[i] as number) + gapMicros;
    ends[i] = end;
    times[i] = end - 1;
  }
}
