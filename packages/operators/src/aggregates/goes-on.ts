/** Which changes of a step that aggregates its state goes on under. */
import type { GoesOn, Json, StepPart } from "@df/core";
import { columnOf, sameBut } from "../step-parts.ts";

interface Options {
  readonly by: readonly string[];
  readonly aggregates: readonly AggregatePart[];
  readonly allowedLatenessMicros?: number;
}
/** See `aggregatesJson`. */
interface AggregatePart {
  readonly name: string;
  readonly aggregate: string;
  readonly column: string | null;
  readonly options: Json;
  readonly where?: Json;
}

/** Aggregates that keep the same words for an int32 as for an int64, and whether or not there are nulls. */
const WIDENED = new Set(["sum", "avg"]);

/**
 * A row per group goes on without an aggregate that it had, with aggregates in another order, with conditions that read
 * other columns, where columns come in that it does not keep, where sums are of wider integers or may meet nulls, and
 * where less lateness is allowed than before. Undefined for what else is different.
 */
export function groupsGoOn(before: StepPart, now: StepPart): GoesOn | undefined {
  const [was, is] = [before.options, now.options] as unknown as [Options, Options];
  if (!sameBut(was, is, ["aggregates", "allowedLatenessMicros"])) return undefined;
  if ((is.allowedLatenessMicros ?? 0) > (was.allowedLatenessMicros ?? 0))
    return { verdict: "refuse", why: CLOSED };
  const [rowsWere, rowsAre] = [before.inputs[0], now.inputs[0]];
  if (rowsWere === undefined || rowsAre === undefined) return undefined;
  if (!sameBut(rowsWere, rowsAre, ["columns"])) return undefined;
  if (is.by.some((name) => columnOf(rowsWere, name) !== columnOf(rowsAre, name))) return undefined;
  for (const aggregate of is.aggregates) {
    const old = was.aggregates.find(({ name }) => name === aggregate.name);
    if (old === undefined) return { verdict: "refuse", why: lacking(aggregate.name) };
    if (!sameBut(old, aggregate, ["where"])) return undefined;
    if ((old.where === undefined) !== (aggregate.where === undefined)) return undefined;
    const { column } = aggregate;
    const widened = WIDENED.has(aggregate.aggregate);
    if (column !== null && !holds(columnOf(rowsWere, column), columnOf(rowsAre, column), widened))
      return undefined;
  }
  const names = ({ aggregates }: Options): string => JSON.stringify(aggregates.map(({ name }) => name));
  return { verdict: names(was) === names(is) ? "keep" : "migrate" };
}

const CLOSED =
  "Windows that were over under the shorter lateness are gone, and their late rows would count alone.";

function lacking(aggregate: string): string {
  return `Groups that are there have no "${aggregate}" of the rows before.`;
}

/** Whether the state of a column goes on with it as it is now; `widened`: also where its values are more. */
function holds(was: string | undefined, is: string | undefined, widened: boolean): boolean {
  if (was === is) return true;
  if (!widened || was === undefined || is === undefined) return false;
  return [
    was,
    `${was}?`,
    was.replace(/ int32(\??)$/, " int64$1"),
    was.replace(/ int32$/, " int64?"),
  ].includes(is);
}

/** A step that keeps nothing of a row but some columns goes on whatever others come in. Undefined for other changes. */
export function keysGoOn(by: readonly string[], before: StepPart, now: StepPart): GoesOn | undefined {
  const [rowsWere, rowsAre] = [before.inputs[0], now.inputs[0]];
  if (rowsWere === undefined || rowsAre === undefined) return undefined;
  const isSame =
    sameBut(before, now, ["inputs"]) &&
    sameBut(rowsWere, rowsAre, ["columns"]) &&
    by.every((name) => columnOf(rowsWere, name) === columnOf(rowsAre, name));
  return isSame ? { verdict: "keep" } : undefined;
}
