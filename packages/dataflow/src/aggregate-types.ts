/** Aggregates as the author of a pipeline sees them. */
import type { ChangeMode, Columns, Decimal, Timestamp } from "@df/core";
import type { AggregateDefinition, Law } from "@df/operators";
import type { Num } from "./expression-types.ts";
import type { Listed, Only, Refused } from "./refusals.ts";
import type { WindowSpec } from "./windows.ts";

declare const AGG: unique symbol;
/** One column of a result. */
export interface Agg<out V> {
  readonly [AGG]?: V;
  readonly kind: "aggregate";
}
/** Columns of a result, by name. */
export type Aggs = { readonly [column: string]: Agg<unknown> };
/** The row that they make. */
export type AggRow<A> = { -readonly [P in keyof A]: A[P] extends Agg<infer V> ? V : never };
/** Refuses a result column that has the name of a group or window column. */
export type NoClash<A, Taken extends string> = [Extract<keyof A, Taken>] extends [never]
  ? A
  : Refused<`the result already has a column ${Listed<Extract<keyof A, Taken>>}: name the aggregate otherwise [DF_COLUMN_TWICE]`>;

type Forgets<Change, Then, Verb extends string> = [Change] extends ["append"]
  ? Then
  : Refused<`${Verb} over rows that can be taken back would have to keep every value of the group: use count, sum or avg, or aggregate before rows can change [DF_RETRACTABLE]`>;

/** `[]` keeps the check from distributing over the union of laws. */
type Obeys<Definition, Laws extends Law, Change, Kind> = [Change] extends ["append"]
  ? Joins<Definition, Laws, Kind>
  : ["retract"] extends [Laws]
    ? Joins<Definition, Laws, Kind>
    : Refused<"rows of this stream can be taken back: give this aggregate a .retract() [DF_NO_RETRACT]">;
type Joins<Definition, Laws extends Law, Kind> = [Kind] extends ["tumbling" | "group"]
  ? Definition
  : ["merge"] extends [Laws]
    ? Definition
    : Refused<"sliding windows and sessions join partial results: give this aggregate a .merge() [DF_NO_MERGE]">;

/** What rows are aggregated in: windows, or groups that last for ever. */
type Kinds = WindowSpec["kind"] | "group";

/** Columns of a result. Null values are passed over; the result is null where there were no others. */
export interface ResultColumns<Row, Change extends ChangeMode, Kind extends Kinds, Empty = never> {
  /** The number of rows, nulls and all. */
  count(): Agg<number>;
  /** Exact: the order of rows does not matter. A result beyond int64 or decimal(18) stops the run. */
  sum<const P extends keyof Only<Row, Num | Decimal, Timestamp> & string>(column: P): Agg<Row[P] | Empty>;
  /** The correctly rounded quotient of the exact sum by the number of values. */
  avg<const P extends keyof Only<Row, Num | Decimal, Timestamp> & string>(
    column: P,
  ): Agg<number | Extract<Row[P], null> | Empty>;
  min<const P extends keyof Only<Row, Num | string> & string>(
    column: Forgets<Change, P, "min()">,
  ): Agg<Row[P] | Empty>;
  max<const P extends keyof Only<Row, Num | string> & string>(
    column: Forgets<Change, P, "max()">,
  ): Agg<Row[P] | Empty>;
  /** An aggregate of yours. */
  use<V, S extends Columns, R, Laws extends Law, const P extends keyof Only<Row, V> & string>(
    aggregate: Obeys<AggregateDefinition<V, S, R, Laws>, Laws, Change, Kind>,
    column: P,
  ): Agg<R | Extract<Row[P], null> | Empty>;
}

/** What `aggregate(id, (a) => ({ … }))` may use. */
export interface Aggregates<Row, Change extends ChangeMode, Kind extends Kinds = Kinds> extends ResultColumns<
  Row,
  Change,
  Kind
> {
  /**
   * The same over the rows for which the lambda says true; null where there are none, a count is then 0. A lambda that
   * is given several times runs once per row.
   */
  where(keep: (row: Row) => boolean): ResultColumns<Row, Change, Kind, null>;
}
