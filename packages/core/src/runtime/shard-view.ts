import type { Time } from "../time.ts";
import type { Graph } from "./graph.ts";
import type { ShardView } from "./shard-messages.ts";
import type { StepView } from "./waiting.ts";

/** What is shown of the shards of a graph, as plain data. */
export function viewOf({ nodes, sources }: Graph): ShardView {
  return {
    steps: nodes.map(({ node, clock, state, sent, ledger, operator }) => ({
      node,
      clock,
      state,
      sent,
      entry: ledger.entry(node, operator.buffered?.() ?? 0),
      gauges: operator.gauges?.() ?? {},
      nextDue: operator.nextDue?.(),
    })),
    sources: sources.map((source) => ({
      node: source.node,
      state: source.state,
      splits: source.splits,
      statuses: source.records().map(({ status }) => status),
      entry: source.entry(),
    })),
  };
}

/** The steps of views, as those are seen who run here. */
export function stepsOf(views: readonly ShardView[]): (StepView & { readonly clock: Time })[] {
  return views.flatMap(({ steps }) =>
    steps.map(({ node, clock, state, sent, entry, gauges, nextDue }) => ({
      node,
      clock,
      state,
      sent,
      operator: { gauges: () => gauges, nextDue: () => nextDue, buffered: () => entry.buffered },
    })),
  );
}
