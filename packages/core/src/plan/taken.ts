/** What a step that keeps state takes of the rows that come to it. */
import { present } from "../assert.ts";
import { keyOf, type Shape } from "../stream.ts";
import { type OperatorNode, type Plan, shapeAt } from "./plan.ts";
import { wantedColumns } from "./prune.ts";

/**
 * The inputs of a step with those of their columns that its state and its results need; the others stay where the rows
 * come from. An output that nobody reads needs none, so a window's state does not depend on columns that only a stream
 * of late rows would show. `wanted`: the columns that are wanted of each output, see `wantedColumns`.
 */
export function takenShapes(
  { spec, outputs }: OperatorNode,
  inputs: readonly Shape[],
  wanted: readonly ReadonlySet<string>[],
): readonly Shape[] {
  const shown = outputs.map(
    (shape, port) =>
      new Set(port === 0 || (wanted[port]?.size ?? 0) > 0 ? shape.schema.fields.map(({ name }) => name) : []),
  );
  const needs = spec.needs(
    shown,
    inputs.map(({ schema }) => schema),
  );
  return inputs.map((shape, port) => {
    const exchange = present(spec.exchanges[port], `the exchange of input ${port}`);
    const taken = new Set([...(needs[port] ?? []), ...shape.key, ...keyOf(exchange)]);
    return { ...shape, schema: { fields: shape.schema.fields.filter(({ name }) => taken.has(name)) } };
  });
}

/**
 * What comes to a step of a plan: to one that keeps state, what it takes. One that may refuse rows shows all that they
 * have, where it is not known what was read.
 */
export function inputsTaken(plan: Plan): (node: OperatorNode) => readonly Shape[] {
  const wanted = wantedColumns(plan);
  return (node) => {
    const inputs = node.inputs.map((edge) => shapeAt(plan, edge));
    const isNarrow = node.spec.stateful && node.spec.refuses === false;
    return isNarrow ? takenShapes(node, inputs, present(wanted.get(node.id), node.id)) : inputs;
  };
}
