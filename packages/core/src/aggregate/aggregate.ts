/** The contract of aggregates: many groups at once, state in the words of a table's rows. */
import type { Column } from "../batch/column.ts";
import type { ColumnBuilder } from "../batch/builder.ts";
import type { Json } from "../json.ts";
import type { Field, Schema } from "../schema/schema.ts";
import type { StateTable, ValueColumn } from "../state/state-store.ts";

/** A condition on rows. Pure: it gives one answer for a row, whenever it is asked. */
export interface RowCondition {
  /** The columns that `keep` reads. */
  readonly columns: readonly string[] | "all";
  /** Whether the row counts. Anything but a boolean refuses the row, and so does a throw. */
  readonly keep: (row: Record<string, unknown>) => unknown;
}

/** An aggregate as the plan knows it. */
export interface AggregateSpec {
  /** "count", "sum", … */
  readonly name: string;
  /** The input column; absent for count. */
  readonly column?: string | undefined;
  /**
   * Only rows that it holds for are folded. Equal objects are asked once per row, by the operator, before any aggregate
   * is given the row; and once more before rows go to other shards: see `OperatorSpec.accepts`.
   */
  readonly where?: RowCondition | undefined;
  /** All that decides what its state means. */
  readonly options: Json;
  /** Whether rows can be taken back (diff −1). */
  readonly retractable: boolean;
  /** Whether two partial states can be joined. */
  readonly mergeable: boolean;
  /** The column of the result, named by the window. @throws DataflowError when the input column has a wrong type */
  output(input: Schema, name: string): Field;
  /** Its part of a table's row; names begin with `name`. */
  state(input: Schema, name: string): readonly ValueColumn[];
  /** `offset`: first word of its part within a row. */
  open(input: Schema, table: StateTable, offset: number): Aggregate;
}

/** An open aggregate. `rows` are word offsets of rows in `table.words`; its own words begin at `rows[i] + offset`. */
export interface Aggregate {
  /**
   * Folds `count` rows: row `source[i]` of `input` into state row `rows[i]`. `diffs` has one entry per row of the batch
   * (not per i). Nulls are passed over. @throws DF_OVERFLOW before anything of the row is changed
   */
  fold(
    rows: Int32Array,
    input: Column | undefined,
    source: Int32Array,
    count: number,
    diffs?: Int32Array,
  ): void;
  /** Appends the result of each row. */
  result(rows: Int32Array, count: number, into: ColumnBuilder): void;
  /** Joins the state in row `from[i]` into row `into[i]`. */
  merge?(into: Int32Array, from: Int32Array, count: number): void;
  /** Frees what the rows hold outside their words. */
  free?(rows: Int32Array, count: number): void;
}
