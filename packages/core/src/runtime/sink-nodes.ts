import type { SinkRecord } from "../checkpoint/records.ts";
import type { Plan, SinkNode } from "../plan/plan.ts";

/** The sinks of a plan. */
export function sinkNodes(plan: Plan): SinkNode[] {
  return plan.nodes.filter((node) => node.kind === "sink");
}

/** What is stored of a sink, so that its work can be finished without the plan. */
export function sinkRecord({ id, spec, shape }: SinkNode): SinkRecord {
  return { id, connector: spec.connector, options: spec.options, shape };
}
