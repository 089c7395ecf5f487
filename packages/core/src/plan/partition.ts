/** By which columns the rows of a stream are spread over the shards, as far as the plan shows. */
import type { Exchange, Shape } from "../stream.ts";
import type { Edge, OperatorNode, PlanNode } from "./plan.ts";

/**
 * The exchange in front of a sink: rows of one key must meet in one shard, in order, to be netted there. "forward"
 * where they already do.
 */
export function exchangeToSink(nodes: readonly PlanNode[], input: Edge, shape: Shape): Exchange {
  if (shape.change === "append") return "forward";
  // Without a key, equal rows must meet: all columns are the key.
  const key = shape.key.length > 0 ? shape.key : shape.schema.fields.map((field) => field.name);
  const present = spreadBy(nodes, input, shape);
  if (present === "single") return "forward";
  // Rows of one key have equal values in any part of it, so they already meet where they were spread by such a part.
  return present?.every((column) => key.includes(column)) ? "forward" : { keyBy: key };
}

/** The columns whose equal values meet in one shard; "single" for one shard; undefined where the plan does not tell. */
function spreadBy(
  nodes: readonly PlanNode[],
  edge: Edge,
  shape: Shape,
): readonly string[] | "single" | undefined {
  const node = nodes.find(({ id }) => id === edge.node);
  if (node?.kind !== "operator") return undefined;
  const all = node.spec.exchanges.map((exchange, port) => {
    if (exchange === "single") return exchange;
    if (exchange !== "forward") return exchange.keyBy;
    return keepsKeys(nodes, node, port, shape)
      ? spreadBy(nodes, node.inputs[port] as Edge, shape)
      : undefined;
  });
  const [first] = all;
  const agree = all.every((each) => each !== undefined && JSON.stringify(each) === JSON.stringify(first));
  return agree ? first : undefined;
}

/** Whether the rows an operator makes have the key of the rows they are made of: always so on streams of updates. */
function keepsKeys(nodes: readonly PlanNode[], node: OperatorNode, port: number, shape: Shape): boolean {
  const edge = node.inputs[port];
  const before = nodes.find(({ id }) => id === edge?.node);
  if (edge === undefined || before === undefined || before.kind === "sink") return false;
  const input = before.outputs[edge.port];
  return (
    !node.spec.stateful &&
    input?.change === shape.change &&
    JSON.stringify(input.key) === JSON.stringify(shape.key)
  );
}
