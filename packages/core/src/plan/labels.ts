import { DataflowError } from "../error.ts";
import type { Label } from "../stream.ts";
import type { Plan } from "./plan.ts";

const STRENGTH: readonly Label[] = ["arrival", "convergent", "identical"];

/** The weakest promise a plan makes about its results, and why. */
export interface PlanLabel {
  readonly label: Label;
  /** The nodes that have this label; none when it is "identical". */
  readonly nodes: readonly string[];
}

/** The weakest label of a plan: one weak step makes everything behind it weak. */
export function labels(plan: Plan): PlanLabel {
  const operators = plan.nodes.filter((node) => node.kind === "operator");
  const label = STRENGTH.find((each) => operators.some(({ spec }) => spec.label === each)) ?? "identical";
  const nodes = label === "identical" ? [] : operators.filter(({ spec }) => spec.label === label);
  return { label, nodes: nodes.map(({ id }) => id) };
}

/** Whether what reaches a node is decided by arrival somewhere on its way: two runs may then differ in it. */
export function isByArrival(plan: Plan, node: string): boolean {
  const found = plan.nodes.find(({ id }) => id === node);
  if (found === undefined || found.kind === "source") return false;
  if (found.kind === "sink") return found.input !== undefined && isByArrival(plan, found.input.node);
  return found.spec.label === "arrival" || found.inputs.some((edge) => isByArrival(plan, edge.node));
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
  const weaker = plan.nodes.filter(
    (node) => node.kind === "operator" && STRENGTH.indexOf(node.spec.label) < STRENGTH.indexOf(wanted),
  );
  if (weaker.length === 0) return;
  const named = weaker
    .map((node) => `"${node.id}" (${node.kind === "operator" ? node.spec.label : ""})`)
    .join(", ");
  throw new DataflowError(
    "DF_LABEL",
    `The pipeline requires ${wanted} results, but these steps promise less: ${named}. Change them, or what is required.`,
  );
}
