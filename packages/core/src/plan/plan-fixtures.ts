/** Small plans for the tests of this folder: operators that say what they need, and never run. */
import type { ChangeMode } from "../batch/batch.ts";
import type { SinkSpec, SourceSpec } from "../connector.ts";
import type { OperatorSpec } from "../operator.ts";
import { pick } from "../schema/schema.ts";
import type { Schema } from "../schema/schema.ts";
import type { Exchange, Shape } from "../stream.ts";
import type { Edge, OperatorNode, Plan, PlanNode, SinkNode, SourceNode } from "./plan.ts";

/** A schema of int64 columns. */
export function ints(...names: readonly string[]): Schema {
  return {
    fields: names.map((name) => ({
      name,
      type: { kind: "int64", as: "bigint" },
      nullable: false,
      optional: false,
    })),
  };
}

/** The shape of a stream. Updates have the key given. */
export function shapeOf(schema: Schema, change: ChangeMode = "append", key: readonly string[] = []): Shape {
  return { schema, change, key, timed: true };
}

/** A source of all columns of `schema`; event time is `at`, if there. */
export function source(id: string, schema: Schema): SourceNode {
  const spec: SourceSpec = {
    name: "test",
    schema,
    options: {},
    rows: "events",
    bounded: true,
    history: "full",
    open: () => Promise.reject(new Error("not run here")),
  };
  const timed = schema.fields.some(({ name }) => name === "at");
  const time = timed ? { time: { column: "at", maxOutOfOrderness: 0 } } : {};
  return { kind: "source", id, spec, outputs: [shapeOf(schema)], ...time };
}

/** What an operator does to shapes: its outputs, and the columns it needs of each input. */
export type Does = Pick<OperatorSpec, "outputs" | "needs"> & Partial<Omit<OperatorSpec, "outputs" | "needs">>;

/** Keeps rows as they are and reads some columns. */
export function reads(...columns: readonly string[]): Does {
  return {
    outputs: ([input]) => [input as Shape],
    needs: ([wanted]) => [new Set([...(wanted ?? []), ...columns])],
  };
}

/** Makes a row of some columns per key; the rows themselves are its second output. */
export function groups(by: readonly string[], sums: readonly string[]): Does {
  const exchange: Exchange = by.length === 0 ? "single" : { keyBy: by };
  return {
    stateful: true,
    exchanges: [exchange],
    outputs: ([input]) => [
      shapeOf(pick((input as Shape).schema, [...by, ...sums]), "upsert", by),
      input as Shape,
    ],
    needs: ([, late]) => [new Set([...by, ...sums, ...(late ?? [])])],
  };
}

/** An operator behind other nodes. */
export function operator(
  id: string,
  does: Does,
  inputs: readonly (PlanNode | Edge)[],
  port = 0,
): OperatorNode {
  const spec: OperatorSpec = {
    name: "test",
    version: 1,
    options: {},
    label: "identical",
    stateful: false,
    exchanges: inputs.map(() => "forward" as const),
    open: () => {
      throw new Error("not run here");
    },
    ...does,
  };
  const shapes = inputs.map((input) => behind(input, port));
  const edges = inputs.map((input) => ("node" in input ? input : { node: input.id, port }));
  return { kind: "operator", id, named: true, spec, inputs: edges, outputs: spec.outputs(shapes) };
}

function behind(input: PlanNode | Edge, port: number): Shape {
  if ("node" in input || input.kind === "sink") throw new Error("give a node with outputs");
  const shape = input.outputs[port];
  if (shape === undefined) throw new Error(`"${input.id}" has no output ${port}`);
  return shape;
}

/** A sink behind a node, or for quarantined rows. */
export function sink(id: string, input?: SourceNode | OperatorNode, port = 0): SinkNode {
  const spec: SinkSpec = {
    connector: "test",
    options: {},
    changes: ["append", "upsert", "retract"],
    guarantee: "exactly once",
    check: () => {},
  };
  const edge = input === undefined ? {} : { input: { node: input.id, port } };
  const shape = input === undefined ? shapeOf(ints("raw")) : behind(input, port);
  return { kind: "sink", id, spec, ...edge, shape, exchange: "forward", commitEvery: { time: 1, bytes: 1 } };
}

/** A plan of these nodes. */
export function planOf(...nodes: readonly PlanNode[]): Plan {
  return { name: "p", nodes, checkpointEvery: 1_000_000, batchRows: 4096, params: {} };
}

/** The names of a schema's columns. */
export function namesOf(schema: Schema): string[] {
  return schema.fields.map(({ name }) => name);
}
