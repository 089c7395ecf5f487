/** What is told of the steps of a pipeline while it runs. */
import { inputsOf, type Plan, type PlanNode } from "../plan/plan.ts";
import type { Time } from "../time.ts";

/** A node on one shard. */
interface Step {
  readonly node: string;
  readonly gauges: Readonly<Record<string, number>>;
  readonly clock: Time;
}

/** What is open, by node and gauge, on all shards together. */
export function gaugesOf(steps: readonly Step[]): Record<string, Record<string, number>> {
  const gauges = new Map<string, Record<string, number>>();
  for (const { node, gauges: its } of steps) {
    for (const [name, value] of Object.entries(its)) {
      const of = gauges.get(node) ?? {};
      of[name] = (of[name] ?? 0) + value;
      gauges.set(node, of);
    }
  }
  return Object.fromEntries(gauges);
}

/** The clocks of nodes, the lowest of their shards; null before all have one, and once drained. */
export function clocksOf(steps: readonly Pick<Step, "node" | "clock">[]): Record<string, Time | null> {
  const lowest = new Map<string, Time>();
  for (const { node, clock } of steps) lowest.set(node, Math.min(clock, lowest.get(node) ?? clock));
  return Object.fromEntries(
    [...lowest].map(([node, clock]) => [node, Number.isFinite(clock) ? clock : null]),
  );
}

/**
 * Nodes whose result nothing reads, where other results end in a sink: mostly a `.to()` was forgotten. A `tap` may be
 * all that is wanted of it.
 */
export function resultsUnread({ nodes }: Plan): string[] {
  if (!nodes.some(({ kind }) => kind === "sink")) return [];
  const read = new Set(nodes.flatMap(inputsOf).flatMap(({ node, port }) => (port === 0 ? [node] : [])));
  const isEnd = (node: PlanNode): boolean =>
    node.kind === "sink" || (node.kind === "operator" && node.spec.name === "tap");
  return nodes.filter((node) => !isEnd(node) && !read.has(node.id)).map(({ id }) => id);
}

/** Nodes of which an output beside the result goes nowhere: those are for late rows. */
export function lateUnread({ nodes }: Plan): string[] {
  const edges = nodes.flatMap(inputsOf);
  const isRead = (id: string, port: number): boolean =>
    edges.some((edge) => edge.node === id && edge.port === port);
  return nodes.flatMap((node) =>
    node.kind === "operator" && node.outputs.some((_, port) => port > 0 && !isRead(node.id, port))
      ? [node.id]
      : [],
  );
}
