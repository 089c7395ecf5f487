/** What a restart compares: whether the state and the targets of a former run still mean the same to this plan. */
import { createHash } from "node:crypto";

import { present } from "../assert.ts";
import type { SinkSpec } from "../connector.ts";
import { canonicalJson } from "../json.ts";
import type { Json } from "../json.ts";
import { columnText } from "../schema/schema.ts";
import type { Schema } from "../schema/schema.ts";
import { withoutReferences } from "../secret/secret.ts";
import type { Exchange, Shape } from "../stream.ts";
import { shapeAt } from "./plan.ts";
import type { OperatorNode, Plan, PlanNode, SinkNode, SourceNode } from "./plan.ts";
import { wantedColumns } from "./prune.ts";
import { takenShapes } from "./taken.ts";

/** Parts of a fingerprint: what each node is, by kind and id. */
export interface Parts {
  readonly sources: Readonly<Record<string, Json>>;
  readonly stateful: Readonly<Record<string, Json>>;
  readonly sinks: Readonly<Record<string, Json>>;
}

/**
 * The meaning of a plan's state as canonical JSON: sources, stateful operators and sinks, with what their state and
 * targets depend on. Stateless steps, lambdas and how often something is committed do not count. Takes the plan after
 * pruning: what an operator keeps of its rows are the columns that are left.
 */
export function fingerprint(plan: Plan): string {
  const wanted = wantedColumns(plan);
  const of = <Kind extends PlanNode>(
    nodes: readonly Kind[],
    part: (node: Kind) => Json,
  ): Record<string, Json> => Object.fromEntries(nodes.map((node) => [node.id, part(node)]));
  const parts: Parts = {
    sources: of(
      plan.nodes.filter((node) => node.kind === "source"),
      sourcePart,
    ),
    stateful: of(
      plan.nodes.filter((node) => node.kind === "operator" && node.spec.stateful) as OperatorNode[],
      (node) => statefulPart(node, plan, present(wanted.get(node.id), `"${node.id}"`)),
    ),
    sinks: of(
      plan.nodes.filter((node) => node.kind === "sink"),
      sinkPart,
    ),
  };
  return canonicalJson({ ...parts });
}

function sourcePart({ spec }: SourceNode): Json {
  return { connector: spec.name, columns: columnsPart(spec.schema) };
}

/** Of its inputs count the columns that it takes. */
function statefulPart(node: OperatorNode, plan: Plan, wanted: readonly ReadonlySet<string>[]): Json {
  const { spec } = node;
  const shapes = node.inputs.map((edge) => shapeAt(plan, edge));
  return {
    verb: spec.name,
    version: spec.version,
    options: spec.options,
    inputs: takenShapes(node, shapes, wanted).map((shape, port) =>
      inputPart(shape, spec.exchanges[port] as Exchange),
    ),
  };
}

function inputPart(shape: Shape, exchange: Exchange): Json {
  return {
    columns: columnsPart(shape.schema),
    change: shape.change,
    key: shape.key,
    timed: shape.timed,
    exchange: typeof exchange === "string" ? exchange : exchange.keyBy,
  };
}

function sinkPart({ spec, shape }: SinkNode): Json {
  return {
    connector: spec.connector,
    options: withoutReferences(fixedOptions(spec)),
    change: shape.change,
    key: shape.key,
    columns: columnsPart(shape.schema),
  };
}

function fixedOptions({ options, changeable = [] }: SinkSpec): Json {
  if (changeable.length === 0 || typeof options !== "object" || options === null) return options;
  return Object.fromEntries(Object.entries(options).filter(([name]) => !changeable.includes(name)));
}

/** In the order of the schema: it decides how rows are laid out. */
function columnsPart(schema: Schema): Json {
  return schema.fields.map(columnText);
}

/** A hash of each lambda's text, 16 hex digits, by node id: state keeps its meaning when one changes. */
export function lambdaHashes(texts: Readonly<Record<string, string>>): Record<string, string> {
  const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
  return Object.fromEntries(Object.entries(texts).map(([node, text]) => [node, hash(text)]));
}
