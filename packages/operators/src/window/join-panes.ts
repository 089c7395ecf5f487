import {
  assert,
  BATCH_ROWS_MAX,
  BEGINNING,
  ColumnBuilder,
  type PaneId,
  type Schema,
  type StateTable,
} from "@df/core";
import { ALL_ROWS } from "@df/core/batch/all-rows";
import { ROWS, type OpenAggregate } from "../aggregates/folding.ts";

/** Joins the groups of panes into the groups of a window, in the same table. */
export class PaneJoiner {
  readonly #table: StateTable;
  readonly #key: Schema;
  readonly #aggregates: readonly OpenAggregate[];
  readonly #rowsWord: number;
  readonly #builders: readonly ColumnBuilder[];
  readonly #columns: readonly number[];
  readonly #times: Float64Array = new Float64Array(BATCH_ROWS_MAX).fill(BEGINNING);
  readonly #from: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #into: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #fresh: Int32Array = new Int32Array(BATCH_ROWS_MAX);

  /** `key`: the columns that make groups, as the table has them. */
  constructor(table: StateTable, key: Schema, aggregates: readonly OpenAggregate[]) {
    this.#table = table;
    this.#key = key;
    this.#aggregates = aggregates;
    this.#rowsWord = table.offset(ROWS);
    this.#builders = key.fields.map((field) => new ColumnBuilder(field.type));
    this.#columns = key.fields.map((_, column) => column);
  }

  /** Adds all groups of `from` to `into`, which keeps what it has; `from` stays as it is. */
  join(from: PaneId, into: PaneId): void {
    const size = this.#table.sizeOf(from);
    for (let at = 0; at < size;) {
      const count = this.#table.scan(from, at, this.#from);
      this.#joinSome(count, into);
      at += count;
    }
  }

  /** Joins the groups with ids `#from[0..count)`. */
  #joinSome(count: number, into: PaneId): void {
    const table = this.#table;
    table.copyKeys(this.#from, count, this.#builders);
    const batch = {
      schema: this.#key,
      length: count,
      columns: this.#builders.map((builder) => builder.lend()),
      change: "append",
      times: this.#times,
      clocks: BEGINNING,
    } as const;
    table.insert({ batch, columns: this.#columns, rows: ALL_ROWS, count }, into, this.#into, this.#fresh);
    // Offsets are valid until the next insert, so both are read behind it; ids are not needed any more.
    table.offsets(this.#from, count, this.#from);
    table.offsets(this.#into, count, this.#into);
    const { words } = table;
    for (let i = 0; i < count; i++) {
      const at = (this.#into[i] as number) + this.#rowsWord;
      words[at] = (words[at] as number) + (words[(this.#from[i] as number) + this.#rowsWord] as number);
    }
    for (const { aggregate } of this.#aggregates) {
      assert(aggregate.merge !== undefined, "a window of panes has an aggregate that cannot be joined");
      aggregate.merge(this.#into, this.#from, count);
    }
  }
}
