import { assert, BATCH_ROWS_MAX, type PaneId, type StateTable } from "@df/core";
import { forRows } from "@df/core/batch/grown";
import { ROWS, type OpenAggregate } from "../aggregates/folding.ts";

/** Joins the groups of panes into the groups of a window, in the same table. */
export class PaneJoiner {
  readonly #table: StateTable;
  readonly #aggregates: readonly OpenAggregate[];
  readonly #rowsWord: number;
  #from: Int32Array = new Int32Array(0);
  #into: Int32Array = new Int32Array(0);

  constructor(table: StateTable, aggregates: readonly OpenAggregate[]) {
    this.#table = table;
    this.#aggregates = aggregates;
    this.#rowsWord = table.offset(ROWS);
  }

  /** Adds all groups of `from` to `into`, which keeps what it has; `from` stays as it is. */
  join(from: PaneId, into: PaneId): void {
    const size = this.#table.sizeOf(from);
    const room = Math.min(size, BATCH_ROWS_MAX);
    this.#from = forRows(this.#from, room);
    this.#into = forRows(this.#into, room);
    for (let at = 0; at < size;) {
      const count = this.#table.list(from, at, this.#from);
      this.#joinSome(count, into);
      at += count;
    }
  }

  /** Joins the groups with ids `#from[0..count)`. */
  #joinSome(count: number, into: PaneId): void {
    const table = this.#table;
    table.insertAs(this.#from, count, into, this.#into);
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
