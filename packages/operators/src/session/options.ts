import type { NamedAggregate } from "../aggregates/named.ts";

/** Groups, how far apart the rows of a session may be, aggregates, and when results are given. */
export interface SessionOptions {
  /** The columns that make groups; none for one group of all rows. */
  readonly by: readonly string[];
  /** Neighbours of a session are at most this far apart. */
  readonly gapMicros: number;
  readonly aggregates: readonly NamedAggregate[];
  /** How long after its event time a row is still taken. */
  readonly allowedLatenessMicros: number;
  /**
   * "final": sessions that are over. "onUpdate": all sessions, each once per flush in which it has changed.
   */
  readonly emit: "final" | "onUpdate";
}

/** Whether a result, once given, never changes. */
export function givesOnce({ emit, allowedLatenessMicros }: SessionOptions): boolean {
  return emit === "final" && allowedLatenessMicros === 0;
}
