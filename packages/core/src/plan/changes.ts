/** How two parts of fingerprints differ, in the words of a pipeline. */
import { canonicalJson, type Json } from "../json.ts";
import { own } from "../own.ts";
import { durationText } from "../time.ts";
import { areAggregates, changedAggregates } from "./changed-aggregates.ts";

/** The values that differ, one sentence each, by their path. */
export function changes(where: string, before: Json | undefined, after: Json | undefined): string[] {
  if (before !== undefined && after !== undefined && canonicalJson(before) === canonicalJson(after))
    return [];
  if (isRecord(before) && isRecord(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) => {
      // "options" is our word: a pipeline gives "size" to a step, not to its options.
      const place = name === "options" ? where : `${name} of ${where}`;
      return changes(place, own(before, name), own(after, name));
    });
  }
  if (where.startsWith("inputs of ") && isList(before) && isList(after) && before.length === after.length) {
    return before.flatMap((input, index) => {
      const place = before.length === 1 ? where : where.replace("inputs", `input ${index + 1}`);
      return changes(place, input, after[index]);
    });
  }
  if (areAggregates(before) && areAggregates(after))
    return [`The ${where} changed; ${changedAggregates(before, after)}.`];
  const items = changedItems(before, after);
  if (items !== undefined) return [`The ${where} changed; ${items}.`];
  // "sizeMicros of …": a length that was given as a duration.
  const [, length] = /^(\w+)Micros of /.exec(where) ?? [];
  const words = (value: Json | undefined): string =>
    length !== undefined && typeof value === "number" ? durationText(value) : inWords(value);
  const what = length === undefined ? where : where.replace("Micros of ", " of ");
  return [`The ${what} changed from ${words(before)} to ${words(after)}.`];
}

/** What differs between two lists that share something, as columns mostly do; undefined for whatever else. */
function changedItems(before: Json | undefined, after: Json | undefined): string | undefined {
  if (!isList(before) || !isList(after)) return undefined;
  const [was, is] = [new Set(before.map(canonicalJson)), new Set(after.map(canonicalJson))];
  const gone = [...was].filter((item) => !is.has(item));
  const added = [...is].filter((item) => !was.has(item));
  if (gone.length === was.size || gone.length + added.length === 0) return undefined;
  const said = [
    { what: "gone", items: gone },
    { what: "new", items: added },
  ];
  return said
    .flatMap(({ what, items }) => (items.length > 0 ? [`${what}: ${items.join(", ")}`] : []))
    .join("; ");
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isRecord(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function inWords(value: Json | undefined): string {
  return value === undefined ? "nothing" : canonicalJson(value);
}
