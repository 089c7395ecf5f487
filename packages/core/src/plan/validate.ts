import { DataflowError } from "../error.ts";
import { columnIndex } from "../schema/schema.ts";
import { revealedIn } from "../secret/redact.ts";
import type { Exchange, Shape } from "../stream.ts";
import type { Edge, Plan, PlanNode } from "./plan.ts";
import { checkRenames } from "./renames.ts";

const ID = /^[A-Za-z0-9][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9][A-Za-z0-9_.-]*)*$/;

/**
 * Checks that a plan hangs together: ids, edges to nodes that come before, ports that exist, exchanges by columns that
 * exist, quarantine sinks that take rows from nowhere else, no value of a secret in what the state keeps, one taker of
 * each state.
 * @throws DF_ID, DF_DUPLICATE_ID, DF_EDGE, DF_EXCHANGE, DF_NO_COLUMN, DF_QUARANTINE, DF_RENAMED, DF_SECRET_KEPT,
 *   DF_SINK_TARGET
 */
export function validate(plan: Plan): void {
  refuseSecrets("parameters", plan.params);
  const before = new Map<string, PlanNode>();
  for (const node of plan.nodes) {
    refuseSecrets(`id, options or columns of "${node.id}"`, keptOf(node));
    checkId(node.id, before);
    if (node.kind === "operator") {
      const { inputs, spec } = node;
      if (inputs.length !== spec.exchanges.length || inputs.length === 0) {
        throw new DataflowError(
          "DF_EDGE",
          `"${node.id}" has ${inputs.length} inputs, but ${spec.name}() takes ${spec.exchanges.length}.`,
        );
      }
      inputs.forEach((edge, port) => {
        const shape = shapeBehind(node.id, edge, before);
        checkExchange(node.id, spec.exchanges[port] as Exchange, shape);
      });
    } else if (node.kind === "sink" && node.input !== undefined) {
      checkExchange(node.id, node.exchange, shapeBehind(node.id, node.input, before));
    }
    before.set(node.id, node);
  }
  for (const node of plan.nodes) {
    if (node.kind !== "source") continue;
    if (node.time !== undefined) columnIndex(node.spec.schema, node.time.column);
    checkQuarantine(node.id, node.invalid, before);
  }
  checkQuarantine(plan.name, plan.rejected, before);
  checkTargets(plan);
  checkRenames(plan);
}

/** What the state keeps of a node, and reports show. */
function keptOf({ id, spec, ...node }: PlanNode): unknown {
  return [id, spec.options, node.kind === "sink" ? node.shape : node.outputs];
}

function refuseSecrets(what: string, kept: unknown): void {
  const found = revealedIn(JSON.stringify(kept));
  if (found === undefined) return;
  throw new DataflowError(
    "DF_SECRET_KEPT",
    `The ${what} hold the value of ${found}, and the state would keep it. Give the secret itself where one is taken, and else something that is none.`,
  );
}

function checkTargets(plan: Plan): void {
  const writers = new Map<string, string>();
  for (const node of plan.nodes) {
    if (node.kind !== "sink" || node.spec.target === undefined) continue;
    const other = writers.get(node.spec.target);
    if (other !== undefined) {
      throw new DataflowError(
        "DF_SINK_TARGET",
        `The sinks "${other}" and "${node.id}" both write to ${node.spec.target}. Give each its own, or bring the streams together with union() before one sink.`,
      );
    }
    writers.set(node.spec.target, node.id);
  }
}

function checkId(id: string, before: ReadonlyMap<string, PlanNode>): void {
  if (!ID.test(id)) {
    throw new DataflowError(
      "DF_ID",
      `"${id}" is no id. It needs letters, digits, "_", "." and "-", in parts divided by "/", each beginning with a letter or digit.`,
    );
  }
  if (before.has(id)) {
    throw new DataflowError("DF_DUPLICATE_ID", `Two nodes have the id "${id}". Give each its own.`);
  }
}

function shapeBehind(id: string, edge: Edge, before: ReadonlyMap<string, PlanNode>): Shape {
  const node = before.get(edge.node);
  if (node === undefined) {
    throw new DataflowError(
      "DF_EDGE",
      `"${id}" reads from "${edge.node}", which is not before it in the plan.`,
    );
  }
  const outputs = node.kind === "sink" ? [] : node.outputs;
  const shape = outputs[edge.port];
  if (shape === undefined) {
    throw new DataflowError(
      "DF_EDGE",
      `"${id}" reads output ${edge.port} of "${edge.node}", which has ${outputs.length} outputs.`,
    );
  }
  return shape;
}

function checkExchange(id: string, exchange: Exchange, shape: Shape): void {
  if (exchange === "forward" || exchange === "single") return;
  if (exchange.keyBy.length === 0) {
    throw new DataflowError("DF_EXCHANGE", `"${id}" is spread by no columns. Use the exchange "single".`);
  }
  for (const column of exchange.keyBy) columnIndex(shape.schema, column);
}

function checkQuarantine(id: string, sink: string | undefined, nodes: ReadonlyMap<string, PlanNode>): void {
  if (sink === undefined) return;
  const node = nodes.get(sink);
  if (node?.kind !== "sink" || node.input !== undefined) {
    throw new DataflowError(
      "DF_QUARANTINE",
      `"${id}" sends refused rows to "${sink}", which is no sink without an input.`,
    );
  }
}
