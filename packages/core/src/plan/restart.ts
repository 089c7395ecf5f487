/** What a plan makes of the state of a former run, node by node. */
import { canonicalJson, type Json } from "../json.ts";
import { own } from "../own.ts";
import { durationText } from "../time.ts";
import { lambdaHashes, type Parts } from "./fingerprint.ts";
import type { Plan } from "./plan.ts";

/**
 * `keep`: goes on with what it has. `new`: begins empty, with rows from now on. `drop`: shows what it still holds, then
 * it is forgotten. `refuse`: what it has means something else now, so the run does not start.
 */
export type Verdict = "keep" | "new" | "drop" | "refuse";

/** What becomes of a node that has state, positions or a target. */
export interface NodeRestart {
  readonly node: string;
  readonly kind: "source" | "step" | "sink";
  readonly verdict: Verdict;
  /** Of a refusal, one sentence each. */
  readonly reasons: readonly string[];
}

const KINDS = [
  ["sources", "source"],
  ["stateful", "step"],
  ["sinks", "sink"],
] as const;

/** What becomes of each node, from the fingerprint of a former run and that of the plan. */
export function restartOf(old: string, now: string): NodeRestart[] {
  const [before, after] = [JSON.parse(old) as Parts, JSON.parse(now) as Parts];
  return KINDS.flatMap(([part, kind]) => {
    const ids = new Set([...Object.keys(after[part]), ...Object.keys(before[part])]);
    return [...ids].map((node): NodeRestart => {
      const [was, is] = [own(before[part], node), own(after[part], node)];
      if (was === undefined) return { node, kind, verdict: "new", reasons: [] };
      if (is === undefined && kind === "sink") return { node, kind, verdict: "drop", reasons: [] };
      const reasons =
        is === undefined
          ? [`The ${kind} "${node}" is gone, but its state is there.`]
          : changes(`${kind} "${node}"`, was, is);
      return { node, kind, verdict: reasons.length === 0 ? "keep" : "refuse", reasons };
    });
  });
}

/** What keeps the state of a former run from being used, one sentence each; empty when nothing does. */
export function difference(old: string, now: string): string[] {
  return restartOf(old, now).flatMap(({ reasons }) => reasons);
}

/** Nodes whose lambdas have another text than in a former run; none where that one did not write them down. */
export function changedLambdas(
  before: Readonly<Record<string, string>> = {},
  { lambdas = {} }: Plan,
): string[] {
  const now = Object.entries(lambdaHashes(lambdas));
  return now.flatMap(([node, hash]) => {
    const was = own(before, node);
    return was === undefined || was === hash ? [] : [node];
  });
}

/** The values that differ, each by its path. */
function changes(where: string, before: Json | undefined, after: Json | undefined): string[] {
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
  if (!Array.isArray(before) || !Array.isArray(after)) return undefined;
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

function isRecord(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function inWords(value: Json | undefined): string {
  return value === undefined ? "nothing" : canonicalJson(value);
}
