import type { Schema, ValueColumn } from "@df/core";
import { groupState } from "../aggregates/folding.ts";
import type { NamedAggregate } from "../aggregates/named.ts";

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
  const corrections = shown === undefined ? [] : [{ name: SHOWN_END, words: 1 }, shownColumn(shown)];
  return [...bounds, ...corrections, ...groupState(aggregates, input)];
}

/** Names what the bytes hold: state that was stored with other columns is then refused instead of misread. */
export function shownName({ fields }: Schema): string {
  return `#shown ${JSON.stringify(fields.map(({ name, type }) => [name, type]))}`;
}

function shownColumn(schema: Schema): ValueColumn {
  const name = shownName(schema);
  return { name, field: { name, type: { kind: "bytes" }, nullable: true, optional: false } };
}
