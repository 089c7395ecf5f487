/** What a join asks for, as types. */
import type { ChangeMode, Duration, Timestamp } from "@df/core";
import type { ColumnPicker } from "./expression-types.ts";
import type { Listed, Only, Refused } from "./refusals.ts";
import type { Renamed } from "./stream-types.ts";
import type { Sliding, Tumbling } from "./windows.ts";

/** Which rows without a partner are part of the result: none, those of one side, or those of both. */
export type JoinKind = "inner" | "left" | "right" | "full";

/** `{ ours: "theirs" }`; the two columns have one type. */
export type JoinOn<Left, Right> = {
  readonly [P in keyof Left & string]?: keyof Only<Right, NonNullable<Left[P]>> & string;
};

/** Refuses a join on no columns, and on columns that the left side has not. */
export type NeedsOn<On, Columns extends string, Then> = [keyof On] extends [never]
  ? Refused<'a join pairs rows that agree in a column: name one of each side, { on: { id: "seller" } } [DF_JOIN_ON]'>
  : [Exclude<keyof On & string, Columns>] extends [never]
    ? Then
    : Refused<`the left side of this join has no column ${Listed<Exclude<keyof On & string, Columns>>} [DF_NO_COLUMN]`>;

/** Refuses another side that is not events with event time. */
export type NeedsEvents<Change extends ChangeMode, Timed, Then, Verb extends string> = [
  Change,
  Timed,
] extends ["append", true]
  ? Then
  : Refused<`the other side of ${Verb} must be events with event time, like this one [DF_JOIN_SIDE]`>;

/** The columns of a side that may be missing. */
type Nulled<Row> = { [P in keyof Row]: Row[P] | null } & {};
type LeftOf<Row, Kind> = [Kind] extends ["inner" | "left"] ? Row : Nulled<Row>;
type RightOf<Row, Kind> = [Kind] extends ["inner" | "right"] ? Row : Nulled<Row>;

/** What is paired, in which windows, and the columns of the result. */
export interface JoinWindowOptions<Left, Right, On, Kind extends JoinKind, Made> extends Renamed {
  /** The columns that are equal in both rows of a pair. A null equals nothing, not even a null. */
  readonly on: On;
  /** `tumbling()` or `sliding()`. */
  readonly window: Tumbling | Sliding;
  /** Default "inner". */
  readonly type?: Kind | undefined;
  /** The columns of the result. A side that may be missing reads as null. */
  readonly select: (
    left: ColumnPicker<LeftOf<Left, Kind>>,
    right: ColumnPicker<RightOf<Right, Kind>>,
    window: ColumnPicker<{ windowStart: Timestamp; windowEnd: Timestamp }>,
  ) => Made;
  /**
   * How long after the window's end, in event time, its rows are still taken. Default 0. A window's pairs come when no
   * row can change them any more, so by this much they come later.
   */
  readonly allowedLateness?: Duration | undefined;
}

/** Beside the result: the rows of either side that came too late. */
export interface LateSides<Left, Right> {
  readonly lateLeft: Left;
  readonly lateRight: Right;
}
