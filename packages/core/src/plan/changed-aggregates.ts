/** How the aggregates of a step differ from those that its state was stored with, as a pipeline writes them. */
import { canonicalJson, type Json } from "../json.ts";

/** An aggregate in the options of a step: what decides what its state means. */
interface AggregatePart {
  readonly name: string;
  readonly aggregate: string;
  readonly column?: string | null;
  readonly options?: Json;
  /** The columns that its condition reads. */
  readonly where?: readonly string[] | "all";
}

/** Whether this is a list of aggregates. */
export function areAggregates(value: Json | undefined): value is readonly (Json & AggregatePart)[] {
  return Array.isArray(value) && value.every((item: Json) => isAggregate(item));
}

function isAggregate(item: Json): boolean {
  const part = item as Partial<AggregatePart> | null;
  return typeof part?.name === "string" && typeof part.aggregate === "string";
}

/** What became of each: gone, new, another one of the same name; or only their order. */
export function changedAggregates(before: readonly AggregatePart[], now: readonly AggregatePart[]): string {
  const named = (list: readonly AggregatePart[], name: string): AggregatePart | undefined =>
    list.find((part) => part.name === name);
  const gone = before.filter(({ name }) => named(now, name) === undefined);
  const added = now.filter(({ name }) => named(before, name) === undefined);
  const others = now.flatMap((part) => {
    const was = named(before, part.name);
    return was === undefined || isSame(was, part) ? [] : [`${inWords(was)} is ${definition(part)} now`];
  });
  const said = [
    ...(gone.length > 0 ? [`gone: ${gone.map(inWords).join(", ")}`] : []),
    ...(added.length > 0 ? [`new: ${added.map(inWords).join(", ")}`] : []),
    ...others,
  ];
  if (said.length > 0) return said.join("; ");
  return `they are in another order: ${now.map(({ name }) => `"${name}"`).join(", ")}`;
}

function isSame(was: AggregatePart, is: AggregatePart): boolean {
  return canonicalJson(was as unknown as Json) === canonicalJson(is as unknown as Json);
}

function inWords(part: AggregatePart): string {
  return `"${part.name}" (${definition(part)})`;
}

/** `sum of "cents"`, with its condition, and with what one of the user's keeps. */
function definition({ aggregate, column, options, where }: AggregatePart): string {
  const over = column === undefined || column === null ? "" : ` of "${column}"`;
  const keeps = stateOf(options);
  const state = keeps.length === 0 ? "" : ` with the state ${keeps.join(", ")}`;
  const read = where === "all" ? "the row" : where?.map((name) => `"${name}"`).join(", ");
  return `${aggregate}${over}${state}${read === undefined ? "" : `, where() reads ${read}`}`;
}

/** Names and types, as an aggregate of the user has them. */
function stateOf(options: Json | undefined): string[] {
  const { state = [] } = (options ?? {}) as { readonly state?: readonly (readonly [string, string])[] };
  return state.map(([name, type]) => `"${name} ${type}"`);
}
