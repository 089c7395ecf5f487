/** Groups that were stored as others: a function of the user says which group of now each of them is. */
import type {
  Bring,
  GoesOn,
  InputPart,
  Migration,
  OperatorContext,
  Schema,
  StepMigration,
  StepPart,
} from "@df/core";
import { bringByName } from "@df/core/state/bring";
import { fixedKey, orByFunction, otherRows, rowsByFunction } from "../kept-rows/by-function.ts";
import { groupsGoOn } from "./goes-on.ts";
import { columnOf, nameOf } from "../step-parts.ts";

/** Where a function is to be run: aggregates go over by their names, the columns of groups by it. */
export function bringGroups({ migration, nodeId }: OperatorContext, key: Schema): Bring | undefined {
  if (migration === undefined) return undefined;
  const change = rowsByFunction(migration, key, nodeId);
  return bringByName({ keysOf: (stored) => change(stored, fixedKey(stored.schema, key)) });
}

/** The function of a step that aggregates: it is given the columns of a group. */
export function groupsMigration(migrate: Migration | undefined): StepMigration | undefined {
  return migrate && { ...migrate, refusals: (before, now) => groupRefusals(migrate, before, now) };
}

function groupRefusals(migrate: Migration, before: StepPart, now: StepPart): readonly string[] {
  const [rowsWere, rowsAre] = [before.inputs[0], now.inputs[0]];
  if (rowsWere === undefined || rowsAre === undefined) return [OTHER_OPTIONS];
  const kept = byOf(before).flatMap((name) => columnOf(rowsWere, name) ?? []);
  const goesOn = regroupedGoOn(before, now, [rowsWere, rowsAre]);
  const refused = goesOn?.verdict === "refuse" ? [goesOn.why] : goesOn === undefined ? [OTHER_OPTIONS] : [];
  return [...refused, ...otherRows(migrate, kept)];
}

/** As `groupsGoOn`; where nothing but groups keeps it from that, a refusal that names the function which may help. */
export function groupsGoOnOrBrought(before: StepPart, now: StepPart): GoesOn | undefined {
  const goesOn = groupsGoOn(before, now);
  const [rowsWere, rowsAre] = [before.inputs[0], now.inputs[0]];
  if (goesOn !== undefined || rowsWere === undefined || rowsAre === undefined) return goesOn;
  const brought = regroupedGoOn(before, now, [rowsWere, rowsAre]);
  return brought === undefined || brought.verdict === "refuse" ? undefined : orByFunction(undefined);
}

/** How a step goes on once its groups are those of now. */
function regroupedGoOn(
  before: StepPart,
  now: StepPart,
  [were, are]: readonly [InputPart, InputPart],
): GoesOn | undefined {
  const asNow = { ...before, options: { ...(before.options as object), by: byOf(now) } };
  return groupsGoOn({ ...asNow, inputs: [regrouped(were, are, byOf(now))] }, now);
}

const OTHER_OPTIONS =
  "A function brings over which group is which; what is aggregated, and how, goes on by name or not at all.";

function byOf({ options }: StepPart): string[] {
  return (options as unknown as { readonly by: string[] }).by;
}

/** The rows of before, as if they had been grouped by the columns of now. */
function regrouped(were: InputPart, are: InputPart, by: readonly string[]): InputPart {
  const groups = by.flatMap((name) => columnOf(are, name) ?? []);
  const others = were.columns.filter((column) => !by.includes(nameOf(column)));
  return { ...were, columns: [...groups, ...others], exchange: are.exchange };
}
