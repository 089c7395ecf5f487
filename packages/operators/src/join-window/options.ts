import type { Windowing } from "../windowing/windowing.ts";

/** Which rows without a partner are part of the result: none, those of one side, or those of both. */
export type JoinType = "inner" | "left" | "right" | "full";

/** What is paired, in which windows, and the columns of the result. */
export interface JoinWindowOptions {
  /** The columns that are equal in both rows of a pair; at least one. A null equals nothing, not even a null. */
  readonly on: readonly { readonly left: string; readonly right: string }[];
  readonly window: Windowing;
  readonly type: JoinType;
  /** Columns of the result that are copied from the left row, each with the column it is copied from. */
  readonly left: Readonly<Record<string, string>>;
  /** As `left`, of the right row. */
  readonly right: Readonly<Record<string, string>>;
  /** How long after a window's end its rows are still taken: by so much the result comes later. */
  readonly allowedLatenessMicros: number;
}
