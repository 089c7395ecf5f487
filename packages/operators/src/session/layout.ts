import type { Schema, ValueColumn } from "@df/core";
import { groupState } from "../aggregates/folding.ts";
import type { NamedAggregate } from "../aggregates/named.ts";
import { rowsColumn } from "../kept-rows/rows-column.ts";

/** Event times of a session's first and last row, µs. */
export const START = "#start";
export const LAST = "#last";
/** Where results can change: the end of the session as it was shown last; and that row, none if it is not shown. */
export const SHOWN_END = "#shownEnd";

/** The value columns of the sessions' table; `shown`: results can change, and are of this schema. */
export function sessionState(
  aggregates: readonly NamedAggregate[],
  input: Schema,
  shown: Schema | undefined,
): readonly ValueColumn[] {
  const bounds: readonly ValueColumn[] = [
    { name: START, words: 1 },
    { name: LAST, words: 1 },
  ];
  const corrections = shown === undefined ? [] : [{ name: SHOWN_END, words: 1 }, rowsColumn(SHOWN, shown)];
  return [...bounds, ...corrections, ...groupState(aggregates, input)];
}

/** The column with what was shown. */
export const SHOWN = "#shown";
