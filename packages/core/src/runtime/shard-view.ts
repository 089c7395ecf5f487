import type { Graph } from "./graph.ts";
import type { ShardView } from "./shard-messages.ts";

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

/** What is shown of several graphs, as of one. */
export function joinViews(views: readonly ShardView[]): ShardView {
  return {
    steps: views.flatMap(({ steps }) => steps),
    sources: views.flatMap(({ sources }) => sources),
  };
}
