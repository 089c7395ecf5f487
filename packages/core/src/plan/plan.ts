import { present } from "../assert.ts";
import type { OperatorSpec } from "../operator.ts";
import type { SinkSpec, SourceSpec } from "../connector.ts";
import type { Exchange, Label, Shape } from "../stream.ts";

/** An output port of another node. */
export interface Edge {
  readonly node: string;
  readonly port: number;
}

export type PlanNode = SourceNode | OperatorNode | SinkNode;

/** A source of the pipeline. */
export interface SourceNode {
  readonly kind: "source";
  /** Given by the user, with the prefixes of its scopes: "eu/orders". Never a counter: state hangs on it. */
  readonly id: string;
  readonly spec: SourceSpec;
  readonly outputs: readonly Shape[];
  readonly time?: EventTime | undefined;
  /** Which columns have their type and range checked: those that some node reads, or all. Default "read". */
  readonly validate?: "read" | "all" | undefined;
  /** The sink node that takes records that could not be decoded, and rows refused in the stateless chain. */
  readonly invalid?: string | undefined;
}

/** Which column is the event time, and how much disorder is expected. */
export interface EventTime {
  readonly column: string;
  /** Microseconds. */
  readonly maxOutOfOrderness: number;
  /** Microseconds after which a silent split no longer holds the clock back. */
  readonly idleTimeout?: number | undefined;
}

/** A step of the pipeline. */
export interface OperatorNode {
  readonly kind: "operator";
  readonly id: string;
  /** Whether the id was given by the user; then state may hang on it. */
  readonly named: boolean;
  readonly spec: OperatorSpec;
  readonly inputs: readonly Edge[];
  readonly outputs: readonly Shape[];
}

/** The end of a stream, or the target of quarantined rows. */
export interface SinkNode {
  readonly kind: "sink";
  readonly id: string;
  readonly spec: SinkSpec;
  /** Absent for the target of quarantined rows. */
  readonly input?: Edge | undefined;
  readonly shape: Shape;
  readonly exchange: Exchange;
  readonly commitEvery: CommitEvery;
}

/** Held rows are delivered when either is reached, and at a clean stop. */
export interface CommitEvery {
  /** Microseconds. */
  readonly time: number;
  readonly bytes: number;
}

/** A typed operator graph: plain data and functions found by node id. Nodes come after their inputs. */
export interface Plan {
  readonly name: string;
  readonly nodes: readonly PlanNode[];
  /** Microseconds. */
  readonly checkpointEvery: number;
  /** How often, in microseconds, a savepoint is kept without being asked for, and how many of them. */
  readonly stateHistory?: { readonly every: number; readonly keep: number } | undefined;
  /** Rows that a source hands on at once: fewer for lower latency, `BATCH_ROWS_MAX` for throughput. */
  readonly batchRows: number;
  /** The sink node for rows refused behind the chains of the sources. */
  readonly rejected?: string | undefined;
  /** The weakest label that a node may have. */
  readonly require?: Label | undefined;
  /** As text: what the state remembers of them. A secret is its reference. */
  readonly params: Readonly<Record<string, string>>;
  /** Source texts of lambdas by id of the node that runs them: to tell which have changed. */
  readonly lambdas?: Readonly<Record<string, string>> | undefined;
  /** Ids that nodes had before, by those they have now; see renames.ts. */
  readonly renamedFrom?: Readonly<Record<string, string>> | undefined;
}

/** The edges that come into a node. */
export function inputsOf(node: PlanNode): readonly Edge[] {
  if (node.kind === "operator") return node.inputs;
  return node.kind === "sink" && node.input !== undefined ? [node.input] : [];
}

/** The shape of the rows on an edge. */
export function shapeAt({ nodes }: Pick<Plan, "nodes">, { node: id, port }: Edge): Shape {
  const node = nodes.find((each) => each.id === id);
  const shape = node === undefined || node.kind === "sink" ? undefined : node.outputs[port];
  return present(shape, `output ${port} of "${id}"`);
}

/** A node and all that its rows come to. */
export function withAllBehind({ nodes }: Plan, first: string): ReadonlySet<string> {
  const found = new Set([first]);
  for (const node of nodes) if (inputsOf(node).some((edge) => found.has(edge.node))) found.add(node.id);
  return found;
}
