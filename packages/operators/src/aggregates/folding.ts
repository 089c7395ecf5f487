import {
  columnIndex,
  present,
  type Aggregate,
  type Batch,
  type Schema,
  type StateTable,
  type ValueColumn,
} from "@df/core";
import type { NamedAggregate } from "./named.ts";
import type { Chosen, Conditions } from "./where/conditions.ts";

/** Rows of a group that count; a group without any is gone. */
export const ROWS = "#rows";
/** Whether a group was emitted, and whether it is on the list of touched groups. */
export const FLAGS = "#flags";
export const EMITTED = 1;
export const TOUCHED = 2;

/** An open aggregate, the input column it reads and the condition on its rows; −1 for none. */
export interface OpenAggregate {
  readonly aggregate: Aggregate;
  readonly column: number;
  readonly condition: number;
}

/** The value columns of a table with a row per group: `ROWS`, `FLAGS` and what the aggregates need. */
export function groupState(
  aggregates: readonly NamedAggregate[],
  input: Schema,
): readonly [ValueColumn, ...ValueColumn[]] {
  const states = aggregates.flatMap(({ name, spec }) => spec.state(input, name));
  return [{ name: ROWS, words: 1 }, { name: FLAGS, words: 1 }, ...states];
}

/** Folds rows of batches into the groups of a table that was made with `groupState`. */
export class Folding {
  /** In the order they were given. */
  readonly open: readonly OpenAggregate[];
  readonly #table: StateTable;
  readonly #conditions: Conditions;
  readonly #rowsWord: number;

  constructor(
    aggregates: readonly NamedAggregate[],
    input: Schema,
    { table, conditions }: { readonly table: StateTable; readonly conditions: Conditions },
  ) {
    this.#table = table;
    this.#conditions = conditions;
    this.#rowsWord = table.offset(ROWS);
    this.open = aggregates.map(({ name, spec }) => {
      const [first] = spec.state(input, name);
      return {
        aggregate: spec.open(input, table, table.offset(present(first, "a state column").name)),
        column: spec.column === undefined ? -1 : columnIndex(input, spec.column),
        condition: conditions.indexOf(spec.where),
      };
    });
  }

  /** Folds row `rows[i]` of a batch, whose conditions were asked, into the group at word `offsets[i]`. */
  fold(batch: Batch, rows: Int32Array, offsets: Int32Array): void {
    const { diffs } = batch;
    const count = rows.length;
    addRows(this.#table.words, offsets, { word: this.#rowsWord, rows, diffs });
    const chosen = this.#conditions.choose(rows, offsets);
    for (const { aggregate, column, condition } of this.open) {
      const input = column < 0 ? undefined : batch.columns[column];
      if (condition < 0) aggregate.fold(offsets, input, rows, count, diffs);
      else {
        const some = chosen[condition] as Chosen;
        if (some.count > 0) aggregate.fold(some.offsets, input, some.rows, some.count, diffs);
      }
    }
  }
}

/**
 * Adds each row's diff to the row count of its group. Here and in other loops the length is asked for once: Maglev, in
 * whose code most of them spend seconds, calls a function for each `.length` of an array that it has not seen made.
 */
function addRows(
  words: Float64Array,
  offsets: Int32Array,
  fold: { readonly word: number; readonly rows: Int32Array; readonly diffs: Int32Array | undefined },
): void {
  const { word, rows, diffs } = fold;
  const { length } = rows;
  for (let i = 0; i < length; i++) {
    const at = (offsets[i] as number) + word;
    words[at] = (words[at] as number) + (diffs === undefined ? 1 : (diffs[rows[i] as number] as number));
  }
}
