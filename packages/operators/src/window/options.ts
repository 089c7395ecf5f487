import type { Migration } from "@df/core";
import type { NamedAggregate } from "../aggregates/named.ts";
import type { Windowing } from "../windowing/windowing.ts";

/** Groups, windows, aggregates, and when results are given. */
export interface WindowOptions {
  /** The columns that make groups; none for one group of all rows. */
  readonly by: readonly string[];
  readonly window: Windowing;
  readonly aggregates: readonly NamedAggregate[];
  /** How long after a window's end its rows are still taken. */
  readonly allowedLatenessMicros: number;
  /**
   * "final": when the clock passes the window's end, and again once per flush for each later correction. "onUpdate":
   * each touched group once per flush, also while its window is open.
   */
  readonly emit: "final" | "onUpdate";
  /** Says which group of now each one is that was stored. */
  readonly migrate?: Migration | undefined;
}
