/** What a plan makes of the state of a former run, node by node. */
import { canonicalJson, type Json } from "../json.ts";
import { own } from "../own.ts";
import { changes } from "./changes.ts";
import { lambdaHashes, type Parts } from "./fingerprint.ts";
import type { Migrated, StepMigration } from "../migration.ts";
import type { GoesOn, StepPart } from "../operator.ts";
import type { Plan } from "./plan.ts";
import { formerName } from "./renames.ts";

/**
 * `keep`: goes on with what it has. `migrate`: so too, and its rows are written anew at the first checkpoint. `new`:
 * begins empty, with rows from now on. `drop`: shows what it still holds, then it is forgotten. `refuse`: what it has
 * means something else now, so the run does not start.
 */
export type Verdict = "keep" | "migrate" | "new" | "drop" | "refuse";

/** What becomes of a node that has state, positions or a target. */
export interface NodeRestart {
  readonly node: string;
  readonly kind: "source" | "step" | "sink";
  readonly verdict: Verdict;
  /** Of `migrate`: the function of the user that makes its rows. */
  readonly by?: string | undefined;
  /** The id under which the state knows it, where it goes on under another one. */
  readonly renamedFrom?: string | undefined;
  /** Of a refusal, one sentence each. */
  readonly reasons: readonly string[];
  /** Nothing in the pipeline is the reason: another dataflow keeps the rows of the step otherwise. */
  readonly byVersion?: true | undefined;
  /** Of a step that is refused for what it does now: as it was, it may stay, and the new one stand beside it. */
  readonly mayStayBeside?: true | undefined;
  /** What is another than before and is no reason to refuse it, one sentence each. */
  readonly changes?: readonly string[] | undefined;
  /** What should be known of it and is no reason to refuse it. */
  readonly note?: string | undefined;
}

const KINDS = [
  ["sources", "source"],
  ["stateful", "step"],
  ["sinks", "sink"],
] as const;

/**
 * What a plan says of a restart beside its fingerprint: renames, and what its steps make of other state; and the
 * migrations that the state has behind it.
 */
type Asked = Partial<Pick<Plan, "nodes" | "renamedFrom">> & { readonly migrated?: Migrated | undefined };

/** What becomes of each node, from the fingerprint of a former run, that of the plan, and the plan. */
export function restartOf(old: string, now: string, plan: Asked = {}): NodeRestart[] {
  const [before, after] = [JSON.parse(old) as Parts, JSON.parse(now) as Parts];
  const compared: Compared = { before, after, isSame: old === now, plan };
  const { renamedFrom = {} } = plan;
  return KINDS.flatMap(([part, kind]) => {
    const there = Object.keys(after[part]);
    const taken = new Set(there.map((node) => own(renamedFrom, node)));
    const gone = Object.keys(before[part]).filter(
      (node) => own(after[part], node) === undefined && !taken.has(node),
    );
    return [
      ...there.map((node) => restartOfNode({ node, kind }, compared)),
      ...gone.map((node) => goneNode({ node, kind }, compared)),
    ];
  });
}

type Named = Pick<NodeRestart, "node" | "kind">;
interface Compared {
  readonly before: Parts;
  readonly after: Parts;
  /** Whether both are one text, so that nothing has changed. */
  readonly isSame: boolean;
  readonly plan: Asked;
}

function restartOfNode(named: Named, compared: Compared): NodeRestart {
  const { node, kind } = named;
  const { before, after, plan } = compared;
  const was = own(partOf(before, kind), node);
  const old = own(plan.renamedFrom ?? {}, node);
  const kindOfOld = KINDS.find(([part]) => old !== undefined && Object.hasOwn(before[part], old))?.[1];
  if (old !== undefined && kindOfOld !== undefined) {
    const wrong = wrongRename(named, { old, kindOfOld, isThere: was !== undefined });
    if (wrong.length > 0) return { node, kind, verdict: "refuse", renamedFrom: old, reasons: wrong };
    return {
      ...compare(named, { was: own(partOf(before, kind), old), id: old }, compared),
      renamedFrom: old,
    };
  }
  const note = old === undefined ? undefined : withoutOld(old, was !== undefined);
  if (was !== undefined) {
    const restart = compare(named, { was, id: node }, compared);
    const notes = [note, restart.note].filter((each) => each !== undefined);
    return { ...restart, note: notes.length === 0 ? undefined : notes.join("; ") };
  }
  return { node, kind, verdict: "new", reasons: [], note: note ?? likeness(named, before, after) };
}

/** What becomes of a node that the state has, under this id or another one. */
function compare(
  { node, kind }: Named,
  { was, id }: { readonly was: Json | undefined; readonly id: string },
  { after, isSame, plan }: Compared,
): NodeRestart {
  const is = own(partOf(after, kind), node);
  const reasons = isSame ? [] : changes(`${kind} "${node}"`, was, is);
  const byVersion = kind === "step" && reasons.length > 0 ? otherVersion(node, was, is) : undefined;
  if (byVersion !== undefined)
    return { node, kind, verdict: "refuse", reasons: [byVersion], byVersion: true };
  const migration = kind === "step" ? migrationOf(node, plan) : undefined;
  const hasRun = migration !== undefined && (own(plan.migrated ?? {}, id)?.includes(migration.name) ?? false);
  if (migration !== undefined && !hasRun) return migrating({ node, kind, was, is }, migration, reasons);
  const note = hasRun ? `its function "${migration.name}" has run and may be taken out` : undefined;
  if (reasons.length === 0) return { node, kind, verdict: "keep", reasons, note };
  const goesOn = kind === "source" ? sourceGoesOn(was, is) : stepGoesOn({ node, was, is }, plan);
  if (goesOn === undefined || goesOn.verdict === "refuse") {
    const refused = { node, kind, verdict: "refuse" } as const;
    const why = goesOn === undefined ? [] : [goesOn.why];
    const beside = kind === "step" && id === node && hasOtherOptions(was, is);
    return { ...refused, reasons: [...reasons, ...why], ...(beside ? { mayStayBeside: true } : {}) };
  }
  return { node, kind, verdict: goesOn.verdict, reasons: [], changes: reasons };
}

/** Of a step that is as it was in the pipeline, and whose rows another dataflow keeps in another way. */
function otherVersion(node: string, was: Json | undefined, is: Json | undefined): string | undefined {
  const [before, now] = [was, is] as unknown as [StepPart, StepPart];
  const asNow = { ...before, version: now.version } as unknown as Json;
  if (
    before.verb !== now.verb ||
    before.version === now.version ||
    canonicalJson(asNow) !== canonicalJson(is ?? null)
  )
    return undefined;
  return `The rows of step "${node}" were stored by another dataflow: as version ${before.version} of ${now.verb}, and this one has version ${now.version}.`;
}

/** Whether the step itself is another one, and not only the rows that come to it. */
function hasOtherOptions(was: Json | undefined, is: Json | undefined): boolean {
  const [before, now] = [was, is] as unknown as [StepPart, StepPart];
  return canonicalJson(before.options) !== canonicalJson(now.options);
}

/** What can be done about refusals. */
export function wayOn(restarts: readonly NodeRestart[]): string {
  const refused = restarts.filter(({ verdict }) => verdict === "refuse");
  const first = refused.every(({ byVersion }) => byVersion === true)
    ? "Run the dataflow that wrote the state"
    : "Undo the change";
  // Where a step is refused too, another sink alone is of no help.
  const areSinks = refused.every(({ kind, renamedFrom }) => kind === "sink" && renamedFrom === undefined);
  const names = refused.map(({ node }) => `"${node}"`).join(", ");
  const other = areSinks ? `, give ${names} another id and a new target` : "";
  return `${first}${other}, or start with a new state directory (--state-dir) and new targets.${besideIt(refused)}`;
}

/** Where only steps and what hangs on them are refused, the state goes on with the steps as they were. */
function besideIt(refused: readonly NodeRestart[]): string {
  const steps = refused.filter(({ mayStayBeside }) => mayStayBeside === true);
  const isAll = refused.every(({ kind, mayStayBeside }) => kind === "sink" || mayStayBeside === true);
  if (steps.length === 0 || !isAll) return "";
  const names = steps.map(({ node }) => `"${node}"`).join(", ");
  return steps.length === 1
    ? ` Or leave ${names} and its sinks as they were, and put the changed step beside it, under another id, with sinks and targets of its own: it begins empty, with rows from now on.`
    : ` Or leave ${names} and their sinks as they were, and put the changed steps beside them, under other ids, with sinks and targets of their own: these begin empty, with rows from now on.`;
}

function migrationOf(node: string, { nodes = [] }: Asked): StepMigration | undefined {
  const step = nodes.find(({ id }) => id === node);
  return step?.kind === "operator" ? step.spec.migration : undefined;
}

/** What becomes of a step whose state is to be brought over by a function that has not run. */
function migrating(
  { node, kind, was, is }: Named & { readonly was: Json | undefined; readonly is: Json | undefined },
  { name, refusals }: StepMigration,
  differences: readonly string[],
): NodeRestart {
  const [before, now] = [was, is] as unknown as [StepPart, StepPart];
  const isOther = before.verb !== now.verb || before.version !== now.version;
  const refused = isOther
    ? [`Its function "${name}" brings over the state of another ${before.verb} only.`]
    : refusals(before, now);
  if (refused.length > 0) return { node, kind, verdict: "refuse", reasons: [...differences, ...refused] };
  return { node, kind, verdict: "migrate", by: name, reasons: [], changes: differences };
}

/** A source keeps positions, which are the same whatever columns are read. What keeps its rows is asked by itself. */
function sourceGoesOn(was: Json | undefined, is: Json | undefined): GoesOn | undefined {
  const connectors = [was, is].map((part) => (part as { readonly connector?: Json }).connector);
  return connectors[0] === connectors[1] ? { verdict: "keep" } : undefined;
}

function stepGoesOn(
  { node, was, is }: { readonly node: string; readonly was: Json | undefined; readonly is: Json | undefined },
  { nodes = [] }: Asked,
): GoesOn | undefined {
  const step = nodes.find(({ id }) => id === node);
  const [before, now] = [was, is] as unknown as [StepPart, StepPart];
  if (step?.kind !== "operator" || before.verb !== now.verb || before.version !== now.version)
    return undefined;
  return step.spec.goesOn?.(before, now);
}

function wrongRename(
  { node, kind }: Named,
  {
    old,
    kindOfOld,
    isThere,
  }: { readonly old: string; readonly kindOfOld: string; readonly isThere: boolean },
): string[] {
  const asked = `The ${kind} "${node}" is to go on with "${old}", `;
  return [
    ...(kindOfOld === kind ? [] : [`${asked}which was a ${kindOfOld}.`]),
    ...(isThere ? [`${asked}but has a state of its own: take renamedFrom out.`] : []),
  ];
}

function partOf(parts: Parts, kind: NodeRestart["kind"]): Readonly<Record<string, Json>> {
  return kind === "source" ? parts.sources : kind === "step" ? parts.stateful : parts.sinks;
}

function withoutOld(old: string, isThere: boolean): string {
  return isThere
    ? `renamedFrom: "${old}" is done and may be taken out`
    : `the state has no "${old}" that it could be renamed from`;
}

function goneNode({ node, kind }: Named, { before, after }: Pick<Compared, "before" | "after">): NodeRestart {
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
export function difference(old: string, now: string, plan?: Asked): string[] {
  return restartOf(old, now, plan).flatMap(({ reasons }) => reasons);
}

/** Nodes whose lambdas have another text than in a former run; none where that one did not write them down. */
export function changedLambdas(before: Readonly<Record<string, string>> = {}, plan: Plan): string[] {
  const now = Object.entries(lambdaHashes(plan.lambdas ?? {}));
  return now.flatMap(([node, hash]) => {
    const was = own(before, node) ?? own(before, formerName(node, plan));
    return was === undefined || was === hash ? [] : [node];
  });
}
