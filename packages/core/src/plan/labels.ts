import type { Guarantee } from "../connector.ts";
import { DataflowError } from "../error.ts";
import type { Label } from "../stream.ts";
import { inputsOf, type Plan, type PlanNode, type SinkNode } from "./plan.ts";

const STRENGTH: readonly Label[] = ["arrival", "convergent", "identical"];

/** The weakest promise a plan makes about its results, and why. */
export interface PlanLabel {
  readonly label: Label;
  /** The nodes that have this label; none when it is "identical". */
  readonly nodes: readonly string[];
}

/** The weakest label of a plan: one weak step makes everything behind it weak. */
export function labels(plan: Plan): PlanLabel {
  const label = STRENGTH.find((each) => plan.nodes.some((node) => labelOf(node) === each)) ?? "identical";
  const nodes = label === "identical" ? [] : plan.nodes.filter((node) => labelOf(node) === label);
  return { label, nodes: nodes.map(({ id }) => id) };
}

/** What is read once may be gone after a crash: what is made of it depends on more than the input. */
function labelOf(node: PlanNode): Label {
  if (node.kind === "operator") return node.spec.label;
  return isLive(node) ? "arrival" : "identical";
}

function isLive(node: PlanNode): boolean {
  return node.kind === "source" && node.spec.history === "none";
}

/** The sources of a plan that give each row once: a crash loses what they gave since the last checkpoint. */
export function liveSources(plan: Plan): string[] {
  return plan.nodes.filter(isLive).map(({ id }) => id);
}

/** How often a sink shows a row, with what it is fed by: a crash may lose rows of a live source, or show them twice. */
export type SinkGuarantee = Guarantee | "at most once" | "best effort";

/** The guarantee of a sink of a plan. */
export function guaranteeOf(plan: Plan, { id, spec }: SinkNode): SinkGuarantee {
  if (!comesFrom(plan, id, isLive)) return spec.guarantee;
  return spec.guarantee === "exactly once" ? "at most once" : "best effort";
}

/** Whether what reaches a node is decided by arrival somewhere on its way: two runs may then differ in it. */
export function isByArrival(plan: Plan, node: string): boolean {
  return comesFrom(plan, node, (each) => labelOf(each) === "arrival");
}

/** Whether a node, or one on the way to it, is such a one. */
function comesFrom(plan: Plan, id: string, isSuch: (node: PlanNode) => boolean): boolean {
  return [...nodesTo(plan, id)].some((node) =>
    node.kind === "sink" && node.input === undefined ? takesRefusedOfLive(plan, node.id) : isSuch(node),
  );
}

/** A node and all that its rows come through, each once: ways through a plan may part and meet again, over and over. */
function* nodesTo({ nodes }: Plan, id: string): Generator<PlanNode> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  // What is added while a set is gone through is gone through too.
  const ids = new Set([id]);
  for (const each of ids) {
    const node = byId.get(each);
    if (node === undefined) continue;
    yield node;
    for (const edge of inputsOf(node)) ids.add(edge.node);
  }
}

/** Refused rows of all sources may come to the sink of the whole plan. */
function takesRefusedOfLive(plan: Plan, sink: string): boolean {
  return plan.nodes.some(
    (node) => node.kind === "source" && isLive(node) && [node.invalid, plan.rejected].includes(sink),
  );
}

/**
 * Holds a plan to what it requires.
 * @throws DF_LABEL naming the nodes whose label is weaker
 */
export function requireLabel(plan: Plan): void {
  const wanted = plan.require;
  if (wanted === undefined) return;
  if (!STRENGTH.includes(wanted)) {
    throw new DataflowError(
      "DF_LABEL",
      `require is "${String(wanted)}"; it may be identical, convergent or arrival.`,
    );
  }
  const weaker = plan.nodes.filter((node) => STRENGTH.indexOf(labelOf(node)) < STRENGTH.indexOf(wanted));
  if (weaker.length === 0) return;
  const named = weaker
    .map((node) => `"${node.id}" (${isLive(node) ? "its rows are read once" : labelOf(node)})`)
    .join(", ");
  const wayOn = weaker.some(isLive)
    ? "Put an inbox around a source that is read once; change the others"
    : "Change them";
  throw new DataflowError(
    "DF_LABEL",
    `The pipeline requires ${wanted} results, but these steps promise less: ${named}. ${wayOn}, or what is required.`,
  );
}
