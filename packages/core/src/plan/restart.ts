/** What a plan makes of the state of a former run, node by node. */
import { canonicalJson, type Json } from "../json.ts";
import { own } from "../own.ts";
import { changes } from "./changes.ts";
import { lambdaHashes, type Parts } from "./fingerprint.ts";
import type { Plan } from "./plan.ts";
import { formerName } from "./renames.ts";

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
  /** The id under which the state knows it, where it goes on under another one. */
  readonly renamedFrom?: string | undefined;
  /** Of a refusal, one sentence each. */
  readonly reasons: readonly string[];
  /** What should be known of it and is no reason to refuse it. */
  readonly note?: string | undefined;
}

const KINDS = [
  ["sources", "source"],
  ["stateful", "step"],
  ["sinks", "sink"],
] as const;

/** Old ids by new ones, as a plan has them. */
type RenamedFrom = Readonly<Record<string, string>>;

/** What becomes of each node, from the fingerprint of a former run, that of the plan and its renames. */
export function restartOf(old: string, now: string, renamedFrom: RenamedFrom = {}): NodeRestart[] {
  const [before, after] = [JSON.parse(old) as Parts, JSON.parse(now) as Parts];
  return KINDS.flatMap(([part, kind]) => {
    const there = Object.keys(after[part]);
    const taken = new Set(there.map((node) => own(renamedFrom, node)));
    const gone = Object.keys(before[part]).filter(
      (node) => own(after[part], node) === undefined && !taken.has(node),
    );
    return [
      ...there.map((node) => restartOfNode({ node, kind }, { before, after, renamedFrom })),
      ...gone.map((node) => goneNode({ node, kind }, { before, after })),
    ];
  });
}

type Named = Pick<NodeRestart, "node" | "kind">;
interface Compared {
  readonly before: Parts;
  readonly after: Parts;
}

function restartOfNode(
  { node, kind }: Named,
  { before, after, renamedFrom }: Compared & { readonly renamedFrom: RenamedFrom },
): NodeRestart {
  const [was, is] = [own(partOf(before, kind), node), own(partOf(after, kind), node)];
  const old = own(renamedFrom, node);
  const kindOfOld = KINDS.find(([part]) => old !== undefined && Object.hasOwn(before[part], old))?.[1];
  if (old === undefined || kindOfOld === undefined) {
    const note = old === undefined ? undefined : withoutOld(old, was !== undefined);
    if (was === undefined)
      return {
        node,
        kind,
        verdict: "new",
        reasons: [],
        note: note ?? likeness({ node, kind }, before, after),
      };
    const reasons = changes(`${kind} "${node}"`, was, is);
    return { node, kind, verdict: reasons.length === 0 ? "keep" : "refuse", reasons, note };
  }
  const reasons = [
    ...(kindOfOld === kind
      ? []
      : [`The ${kind} "${node}" is to go on with "${old}", which was a ${kindOfOld}.`]),
    ...(was === undefined
      ? []
      : [
          `The ${kind} "${node}" is to go on with "${old}", but has a state of its own: take renamedFrom out.`,
        ]),
  ];
  if (reasons.length === 0) reasons.push(...changes(`${kind} "${node}"`, own(partOf(before, kind), old), is));
  return { node, kind, verdict: reasons.length === 0 ? "keep" : "refuse", renamedFrom: old, reasons };
}

function partOf(parts: Parts, kind: NodeRestart["kind"]): Readonly<Record<string, Json>> {
  return kind === "source" ? parts.sources : kind === "step" ? parts.stateful : parts.sinks;
}

function withoutOld(old: string, isThere: boolean): string {
  return isThere
    ? `renamedFrom: "${old}" is done and may be taken out`
    : `the state has no "${old}" that it could be renamed from`;
}

function goneNode({ node, kind }: Named, { before, after }: Compared): NodeRestart {
  if (kind === "sink") return { node, kind, verdict: "drop", reasons: [] };
  const [like] = likes(node, partOf(after, kind), partOf(before, kind));
  const now =
    like === undefined ? "If it has another id now, say so there" : `If it is "${like}" now, say so`;
  const reasons = [`The ${kind} "${node}" is gone, but its state is there. ${now}: ${option(node)}.`];
  return { node, kind, verdict: "refuse", reasons };
}

/** Of a new sink that may have been another one: the run would begin it empty, and nothing would say so. */
function likeness({ node, kind }: Named, before: Parts, after: Parts): string | undefined {
  if (kind !== "sink") return undefined;
  const [like] = likes(node, before.sinks, after.sinks);
  return like === undefined ? undefined : `if it was "${like}" before, say so: ${option(like)}`;
}

/** Ids among `others`, and not among `own`, of what is written down as `node` is. */
function likes(
  node: string,
  others: Readonly<Record<string, Json>>,
  mine: Readonly<Record<string, Json>>,
): string[] {
  const text = canonicalJson(mine[node] ?? null);
  return Object.keys(others).filter(
    (other) => !Object.hasOwn(mine, other) && canonicalJson(others[other] ?? null) === text,
  );
}

/** What a pipeline writes; a full id begins at the root. */
function option(old: string): string {
  return `{ renamedFrom: "${old.includes("/") ? "/" : ""}${old}" }`;
}

/** What keeps the state of a former run from being used, one sentence each; empty when nothing does. */
export function difference(old: string, now: string, renamedFrom?: RenamedFrom): string[] {
  return restartOf(old, now, renamedFrom).flatMap(({ reasons }) => reasons);
}

/** Nodes whose lambdas have another text than in a former run; none where that one did not write them down. */
export function changedLambdas(before: Readonly<Record<string, string>> = {}, plan: Plan): string[] {
  const now = Object.entries(lambdaHashes(plan.lambdas ?? {}));
  return now.flatMap(([node, hash]) => {
    const was = own(before, node) ?? own(before, formerName(node, plan));
    return was === undefined || was === hash ? [] : [node];
  });
}
