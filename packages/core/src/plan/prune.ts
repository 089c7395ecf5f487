import { present } from "../assert.ts";
import { fieldOf } from "../schema/schema.ts";
import { type Exchange, keyOf, type Shape } from "../stream.ts";
import { shapeAt } from "./plan.ts";
import type { Edge, OperatorNode, Plan, PlanNode, SinkNode, SourceNode } from "./plan.ts";

/** The columns wanted of each output of each node, by node id. */
type Wanted = ReadonlyMap<string, readonly Set<string>[]>;

/**
 * The same plan without the columns that nobody reads, from the sources on down. `outputs` of a source then names the
 * columns to decode. Sinks keep all columns of their input; key columns, event time and columns rows are spread by
 * stay.
 * @throws what `OperatorSpec.outputs` throws
 */
export function prune<P extends Plan>(plan: P): P {
  const wanted = wantedColumns(plan);
  const outputs = new Map<string, readonly Shape[]>();
  const shapeOf = (edge: Edge): Shape => present(outputs.get(edge.node)?.[edge.port], `"${edge.node}"`);
  const nodes = plan.nodes.map((node): PlanNode => {
    if (node.kind === "sink") {
      return node.input === undefined ? node : { ...node, shape: shapeOf(node.input) };
    }
    const left =
      node.kind === "source"
        ? [prunedSource(node, present(wanted.get(node.id)?.[0], `"${node.id}"`))]
        : node.spec.outputs(node.inputs.map(shapeOf));
    outputs.set(node.id, left);
    return { ...node, outputs: left };
  });
  return { ...plan, nodes };
}

/** What is wanted of each output port by the nodes behind it. */
export function wantedColumns(plan: Plan): Wanted {
  const wanted = new Map<string, readonly Set<string>[]>();
  for (const node of plan.nodes) {
    if (node.kind !== "sink")
      wanted.set(
        node.id,
        node.outputs.map(() => new Set<string>()),
      );
  }
  const want = (edge: Edge, columns: Iterable<string>): void => {
    const set = present(wanted.get(edge.node)?.[edge.port], `output ${edge.port} of "${edge.node}"`);
    for (const column of columns) set.add(column);
  };
  for (const node of plan.nodes.toReversed()) {
    if (node.kind === "sink") wantOfSink(node, want);
    if (node.kind === "operator")
      wantOfOperator(node, plan, present(wanted.get(node.id), `"${node.id}"`), want);
  }
  return wanted;
}

function wantOfSink(node: SinkNode, want: (edge: Edge, columns: Iterable<string>) => void): void {
  if (node.input === undefined) return;
  want(
    node.input,
    node.shape.schema.fields.map((field) => field.name),
  );
}

function wantOfOperator(
  node: OperatorNode,
  plan: Plan,
  wanted: readonly Set<string>[],
  want: (edge: Edge, columns: Iterable<string>) => void,
): void {
  node.outputs.forEach((shape, port) => {
    for (const column of shape.key) wanted[port]?.add(column);
  });
  const inputs = node.inputs.map((edge) => shapeAt(plan, edge).schema);
  const needs = node.spec.needs(wanted, inputs);
  node.inputs.forEach((edge, port) => {
    want(edge, needs[port] ?? []);
    want(edge, keyOf(node.spec.exchanges[port] as Exchange));
  });
}

function prunedSource(node: SourceNode, wanted: ReadonlySet<string>): Shape {
  const shape = node.outputs[0] as Shape;
  const kept = new Set([...wanted, ...shape.key]);
  if (node.time !== undefined) kept.add(node.time.column);
  const all = shape.schema.fields;
  const fields = node.validate === "all" ? all : all.filter((field) => kept.has(field.name));
  // A batch without columns could not be told from one that was decoded wrongly, so one column is read in any case.
  const left = fields.length > 0 ? fields : all.slice(0, 1);
  for (const column of kept) fieldOf(shape.schema, column);
  return { ...shape, schema: { fields: left } };
}
