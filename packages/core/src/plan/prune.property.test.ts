import * as fc from "fast-check";
import { expect, test } from "vitest";
import { groups, ints, namesOf, operator, planOf, reads, sink, source } from "./plan-fixtures.ts";
import type { Schema } from "../schema/schema.ts";
import type { Shape } from "../stream.ts";
import type { OperatorNode, PlanNode, SourceNode } from "./plan.ts";
import { prune } from "./prune.ts";
import { validate } from "./validate.ts";

const ALL = ["a", "b", "c", "d", "at"];
const some = fc.uniqueArray(fc.constantFrom(...ALL), { maxLength: 3 });

/** A plan as words: each step reads the output of an earlier one. */
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom("reads" as const, "groups" as const, "sink" as const, "late" as const),
    after: fc.nat(20),
    columns: some,
    by: some,
  }),
  { maxLength: 12 },
);

test("After pruning each node still has the columns it reads, and each sink all that it had", () => {
  fc.assert(
    fc.property(steps, (words) => {
      const first = source("s", ints(...ALL));
      const nodes: PlanNode[] = [first];
      const open: (SourceNode | OperatorNode)[] = [first];
      words.forEach(({ kind, after, columns, by }, index) => {
        const input = open[after % open.length] as SourceNode | OperatorNode;
        const there = new Set(namesOf((input.outputs[0] as OperatorNode["outputs"][0]).schema));
        const has = (names: readonly string[]): string[] => names.filter((name) => there.has(name));
        if (kind === "sink" || kind === "late") {
          const port = kind === "late" && input.outputs.length > 1 ? 1 : 0;
          nodes.push(sink(`n${index}`, input, port));
          return;
        }
        const group = has(by).length > 0 ? has(by) : [...there].slice(0, 1);
        const sums = has(columns).filter((name) => !group.includes(name));
        const does = kind === "reads" ? reads(...has(columns)) : groups(group, sums);
        const node = operator(`n${index}`, does, [input]);
        nodes.push(node);
        open.push(node);
      });
      const plan = planOf(...nodes);
      const pruned = prune(plan);
      validate(pruned);
      for (const [index, node] of pruned.nodes.entries()) {
        expect(columnsOf(node)).toEqual(expectedColumns(nodes[index] as PlanNode, node));
        for (const { has, needed } of readings(node, pruned.nodes)) {
          expect(has).toEqual(expect.arrayContaining([...needed]));
        }
      }
    }),
    { numRuns: 300 },
  );
});

/** The columns of each output; of a sink, those of its input. */
function columnsOf(node: PlanNode): string[][] {
  return node.kind === "sink"
    ? [namesOf(node.shape.schema)]
    : node.outputs.map(({ schema }) => namesOf(schema));
}

/** A sink keeps all columns; of the others, those that are left stay in the order they had. */
function expectedColumns(before: PlanNode, after: PlanNode): string[][] {
  const left = columnsOf(after);
  return columnsOf(before).map((names, port) =>
    before.kind === "sink" ? names : names.filter((name) => left[port]?.includes(name)),
  );
}

/** Per input of an operator: the columns it has, and the least that the operator reads. */
function readings(
  node: PlanNode,
  all: readonly PlanNode[],
): { has: string[]; needed: ReadonlySet<string> }[] {
  if (node.kind !== "operator") return [];
  const inputs = node.inputs.map(({ node: id, port }) => {
    const before = all.find((each) => each.id === id) as SourceNode | OperatorNode;
    return (before.outputs[port] as Shape).schema;
  });
  const nothing = node.outputs.map(() => new Set<string>());
  return node.spec
    .needs(nothing, inputs)
    .map((needed, port) => ({ has: namesOf(inputs[port] as Schema), needed }));
}
