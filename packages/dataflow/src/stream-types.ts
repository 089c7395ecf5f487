/**
 * What can be done with a stream, as types. Four facts travel with it: Row (its columns), Change (append, upsert or
 * retract), Key (the columns that tell rows apart; none for append) and Timed (whether rows have event time). Each verb
 * says what it needs; refusals.ts explains how a misuse is refused.
 */
import type {
  ChangeMode,
  Columns,
  Duration,
  OperatorSpec,
  ReadOf,
  RowType,
  Timestamp,
  TypedSink,
  WriteOf,
} from "@df/core";
import type { AggRow, Aggregates, Aggs, NoClash } from "./aggregate-types.ts";
import type { ColumnPicker, ExprRow, Exprs, Num } from "./expression-types.ts";
import type { JoinKind, JoinOn, JoinWindowOptions, LateSides, NeedsEvents, NeedsOn } from "./join-types.ts";
import type {
  Fits,
  Flat,
  KeepsKeyTypes,
  Listed,
  NeedsAppend,
  NeedsTime,
  NeedsUpsert,
  NotAsync,
  NotUpsert,
  Only,
  Refused,
} from "./refusals.ts";
import type { MigrationTo } from "./migration.ts";
import type { Checks, StandardSchema } from "./standard-schema.ts";
import type { Session, WindowSpec } from "./windows.ts";

/** Unnamed stateless steps get an id from the nearest named one before them: "orders.filter", "orders.filter.2". */
export interface Named {
  readonly id?: string | undefined;
}

/** For a source, sink or step with state that has got another id. */
export interface Renamed {
  /**
   * The id that it had before: its state goes on under the new one. In the same scope, or from the root: "/eu/orders".
   * May stay when that is done.
   */
  readonly renamedFrom?: string | undefined;
}

/** Held rows are delivered when either is reached, and at a clean stop. */
export interface SinkOptions extends Renamed {
  readonly commitEvery?:
    | { readonly time?: Duration | undefined; readonly bytes?: number | undefined }
    | undefined;
}

/** Which rows are copies, and which copy is kept. */
export interface DedupeOptions<P extends string, Row> extends Renamed {
  /** The columns that make two rows copies of each other. */
  readonly by: P | readonly [P, ...P[]];
  /** Copies further apart than this, in event time, are not copies. */
  readonly within: Duration;
  /**
   * "any": the first copy to come passes at once; which one that is depends on arrival. "first": the copy with the
   * earliest event time passes, once no earlier one can come any more.
   */
  readonly keep: "any" | "first";
  /** How much later than the clock a row may still come. Default 0. */
  readonly allowedLateness?: Duration | undefined;
  /** With "first": brings over the rows that wait with other columns; those in `by` stay. See `migration()`. */
  readonly migrate?: MigrationTo<Row> | undefined;
}

/** What a view may be told of the state that it had before. */
export interface ViewOptions<Groups> extends Renamed {
  /** Says which group of now each one is that it has: it is given the columns of the group. See `migration()`. */
  readonly migrate?: MigrationTo<Groups> | undefined;
}

/** Which row of a group is the latest. */
export interface LatestOptions<P extends string, Row> extends Renamed {
  /**
   * The columns that tell, compared in this order; null is lowest. Of rows that are equal in them the one with the
   * highest other columns is taken, never the one that came last.
   */
  readonly by: P | readonly [P, ...P[]];
  /** Brings over the rows that it has kept with other columns, groups or `by`: see `migration()`. */
  readonly migrate?: MigrationTo<Row> | undefined;
}

declare const STREAM: unique symbol;
/** The bare facts of a stream, without verbs: what a parameter asks for that only takes a stream in. */
export interface Facts<
  out Row,
  out Change extends ChangeMode,
  out Key extends string,
  out Timed extends boolean,
> {
  readonly [STREAM]: { readonly row: Row; readonly change: Change; readonly key: Key; readonly timed: Timed };
}
type AnyFacts = Facts<unknown, ChangeMode, string, boolean>;
type RowOf<F extends AnyFacts> = F[typeof STREAM]["row"];
type KeyOf<F extends AnyFacts> = F[typeof STREAM]["key"];

/** Events with event time: what most functions over streams take. */
export type Events<Row> = Stream<Row, "append", never, true>;
/** Rows that change, told apart by Key. */
export type Table<Row, Key extends string, Timed extends boolean = boolean> = Stream<
  Row,
  "upsert",
  Key,
  Timed
>;
/** Any stream over a row: for functions that only look at it or end it. */
export type AnyStream<Row> = Stream<Row, ChangeMode, string, boolean>;

/** Rows with what is known of them: their columns, how they change, their key, whether they have event time. */
export interface Stream<
  out Row,
  out Change extends ChangeMode = "append",
  out Key extends string = never,
  out Timed extends boolean = boolean,
> extends Facts<Row, Change, Key, Timed> {
  /** Keeps the rows for which the lambda says true. Of updates, a row that no longer matches is deleted. */
  filter(keep: (row: Row) => boolean, options?: Named): Stream<Row, Change, Key, Timed>;
  /** Drops rows in which one of the columns is null, and says so in the type. */
  notNull<const P extends keyof Row & string>(
    ...columns: P[]
  ): Stream<{ [Q in keyof Row]: Q extends P ? NonNullable<Row[Q]> : Row[Q] } & {}, Change, Key, Timed>;
  /**
   * Sends rows to quarantine in which a schema of zod, valibot, arktype or another library of Standard Schema finds a
   * fault. The others pass as they are: a schema that changes values is refused, and so is an asynchronous one.
   */
  validate<S extends StandardSchema>(
    schema: Checks<S, Row>,
    options?: Named,
  ): Stream<Row, Change, Key, Timed>;
  /** Makes new rows from old ones. The columns are declared; key columns stay as they are. */
  map<const S extends Columns, Self extends AnyFacts>(
    this: Self,
    columns: KeepsKeyTypes<ReadOf<S>, RowOf<Self>, KeyOf<Self>, S | RowType<S>, "map()">,
    make: (row: Row) => NotAsync & WriteOf<S>,
    options?: Named,
  ): Stream<ReadOf<S>, Change, Key, Timed>;
  /** Makes new columns by expressions: no lambda runs. `...col.all` keeps the others. */
  select<const E extends Exprs, Self extends AnyFacts>(
    this: Self,
    make: (col: ColumnPicker<Row>) => KeepsKeyTypes<ExprRow<E>, RowOf<Self>, KeyOf<Self>, E, "select()">,
    options?: Named,
  ): Stream<ExprRow<E>, Change, Key, Timed>;
  /** Makes any number of rows from each. */
  flatMap<const S extends Columns>(
    columns: NeedsAppend<Change, S | RowType<S>, "flatMap()">,
    make: (row: Row) => Iterable<WriteOf<S>>,
    options?: Named,
  ): Stream<ReadOf<S>, "append", never, Timed>;
  /** The rows of both. Columns that only one of them has are dropped. */
  union(other: Facts<Row, Change, Key, Timed>, options?: Named): Stream<Row, Change, Key, Timed>;
  /** Looks at rows without changing them; it may see a row again after a crash. */
  tap(look: (row: Row) => void, options?: Named): Stream<Row, Change, Key, Timed>;
  /** Applies a function of yours: `orders.pipe(clean)`. */
  pipe<Result>(step: (stream: Stream<Row, Change, Key, Timed>) => Result): Result;
  /** Applies an operator from a package. */
  via<R2, C2 extends ChangeMode, K2 extends string>(
    id: string,
    operator: TypedOperator<Row, Change, R2, C2, K2>,
    options?: Renamed,
  ): Stream<R2, C2, K2, Timed>;

  /** Lets one of several copies pass. Rows that come too late to tell are in `.late`. */
  dedupe<const P extends keyof Row & string>(
    id: NeedsAppend<Change, NeedsTime<Timed, string, "dedupe()">, "dedupe()">,
    options: DedupeOptions<P, Row>,
  ): Stream<Row, "append", never, Timed> & Late<Row, "append">;
  /** Turns upserts into old row and new row, by keeping the last row of each key. */
  changelog(
    id: NeedsUpsert<Change, string, "changelog()">,
    options?: Renamed,
  ): Stream<Row, "retract", Key, Timed>;

  /** Groups rows: those with equal values in these columns belong together. */
  keyBy<const G extends keyof Row & string>(
    column: NotUpsert<Change, G, "keyBy()">,
    ...more: G[]
  ): Keyed<Row, Change, G, Timed>;
  /** Groups rows for ever: what is made of a group is kept up to date with every row that comes. */
  groupBy<const G extends keyof Row & string>(
    column: NotUpsert<Change, G, "groupBy()">,
    ...more: G[]
  ): Grouped<Row, Change, G>;
  /** One group of all rows: it runs on one shard. */
  window<W extends WindowSpec>(
    spec: NotUpsert<Change, NeedsTime<Timed, SessionOfEvents<Change, W>, "window()">, "window()">,
  ): Windowed<Row, Change, never, W["kind"]>;

  /**
   * Pairs rows of two streams that lie in the same window and agree in some columns. A window's pairs come once, when
   * no row can change them any more. Rows that come too late are in `.lateLeft` and `.lateRight`.
   */
  joinWindow<
    R,
    C2 extends ChangeMode,
    T2 extends boolean,
    E extends Exprs,
    Self extends AnyFacts,
    const On extends JoinOn<Row, R>,
    const K extends JoinKind = "inner",
  >(
    this: Self,
    id: NeedsAppend<
      Change,
      NeedsTime<Timed, NeedsOn<On, keyof RowOf<Self> & string, string>, "joinWindow()">,
      "joinWindow()"
    >,
    other: NeedsEvents<C2, T2, Facts<R, C2, never, T2>, "joinWindow()">,
    options: JoinWindowOptions<Row, R, On, K, E>,
  ): Stream<ExprRow<E>, "append", never, true> &
    LateSides<Late<Row, "append">["late"], Late<R, "append">["late"]>;

  /** Writes the rows to a sink. Updates are told apart by the stream's key. */
  to<S extends TypedSink<never, never>>(id: string, sink: Fits<S, Row, Change>, options?: SinkOptions): void;
}

/** Refuses groups by the bounds of former windows: the new windows have columns of these names. */
type NotWindowed<G extends string, Then> = [Extract<G, keyof WindowColumns>] extends [never]
  ? Then
  : Refused<`the result already has a column ${Listed<Extract<G, keyof WindowColumns>>}: rename it with .map() before keyBy() [DF_COLUMN_TWICE]`>;

/** Refuses sessions of rows that can change: without one of its rows a session could be two. */
type SessionOfEvents<Change, W> = [Extract<W, Session>] extends [never]
  ? W
  : NeedsAppend<Change, W, "session()">;

/** Rows in groups. */
export interface Keyed<out Row, out Change extends ChangeMode, G extends string, out Timed extends boolean> {
  /** Cuts each group into windows of event time. */
  window<W extends WindowSpec>(
    spec: NeedsTime<Timed, NotWindowed<G, SessionOfEvents<Change, W>>, "window()">,
  ): Windowed<Row, Change, G, W["kind"]>;
}

/** Rows in groups that last for ever. */
export interface Grouped<out Row, out Change extends ChangeMode, G extends string> {
  /**
   * A view: one row per group, replaced whenever the group has changed. A group that has lost all of its rows is
   * deleted. The view has no event time, as its rows stand for no moment.
   */
  aggregate<const A extends Aggs>(
    id: string,
    build: (a: Aggregates<Row, Change, "group">) => NoClash<A, G>,
    options?: ViewOptions<Pick<Row, G & keyof Row>>,
  ): Stream<Flat<Pick<Row, G & keyof Row> & AggRow<A>>, "upsert", G, false>;
  /** The latest row of each group: the one with the highest `by` columns, whichever came first. */
  latest<const P extends Exclude<keyof Only<Row, Num | string | boolean> & string, G>>(
    id: NeedsAppend<Change, string, "latest()">,
    options: LatestOptions<P, Row>,
  ): Stream<Row, "upsert", G, false>;
}

/** When results are shown: when the window is over, or whenever something changed. */
export type Emit = "final" | "onUpdate";
/** When a window's results are shown, and how long they are corrected. */
export interface WindowOptions<L, E, Groups> extends ViewOptions<Groups> {
  /**
   * How long after the window's end, in event time, rows still correct its result; in sessions, how long after its own
   * time a row still counts. Default 0: a result never changes.
   */
  readonly allowedLateness?: L | undefined;
  readonly emit?: E | undefined;
}
/**
 * A final result without lateness never changes. Any other is an upsert, but that of a session is taken back: when
 * sessions become one, rows go whose keys no other row has.
 */
type ResultMode<L, E, Kind> = [E, L] extends ["final", "0ms" | "0s" | "0m" | "0h" | "0d"]
  ? "append"
  : Kind extends "session"
    ? "retract"
    : "upsert";
type ResultKey<Mode, G extends string> = Mode extends "append" ? never : G | "windowStart";
type WindowColumns = { windowStart: Timestamp; windowEnd: Timestamp };

/** Rows in windows. */
export interface Windowed<
  out Row,
  out Change extends ChangeMode,
  G extends string,
  out Kind extends WindowSpec["kind"] = WindowSpec["kind"],
> {
  /** One row per group and window. Rows that come too late are in `.late`. */
  aggregate<const A extends Aggs, const L extends Duration = "0s", const E extends Emit = "final">(
    id: string,
    build: (a: Aggregates<Row, Change, Kind>) => NoClash<A, G | keyof WindowColumns>,
    options?: WindowOptions<L, E, Pick<Row, G & keyof Row>>,
  ): Stream<
    Flat<Pick<Row, G & keyof Row> & WindowColumns & AggRow<A>>,
    ResultMode<L, E, Kind>,
    ResultKey<ResultMode<L, E, Kind>, G>,
    true
  > &
    Late<Row, Change>;
}

/** Beside the results: the rows that came too late, with the distance to the clock of their split in milliseconds. */
export interface Late<Input, InputChange extends ChangeMode> {
  readonly late: Stream<
    Flat<Input & { lateBy: number }>,
    InputChange extends "append" ? "append" : "retract",
    never,
    false
  >;
}

declare const OPERATOR: unique symbol;
/** An operator of a package, with the types of the rows it takes and makes; `OperatorSpec` is all it is at run time. */
export interface TypedOperator<
  in Row,
  in Change extends ChangeMode,
  out R2,
  out C2 extends ChangeMode,
  out K2 extends string = never,
> extends OperatorSpec {
  readonly [OPERATOR]?:
    | {
        readonly takes: (row: Row, change: Change) => void;
        readonly row: R2;
        readonly change: C2;
        readonly key: K2;
      }
    | undefined;
}
