import { DataflowError, micros, present, within, checkOptions } from "@df/core";
import type {
  Duration,
  Edge,
  EventTime,
  OperatorSpec,
  PlanNode,
  Shape,
  SinkSpec,
  SourceSpec,
} from "@df/core";
import { exchangeToSink } from "@df/core/plan/partition";
import { QUARANTINE_SHAPE } from "@df/core/plan/quarantine";
import type { Lambda } from "./lambda-source.ts";
import type { SinkOptions } from "./stream-types.ts";

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
const COMMIT_TIME: Duration = "10s";
const COMMIT_BYTES = 128 * 1024 * 1024;

/** What a verb that takes an id may be told of the one before. */
export interface Renaming {
  readonly renamedFrom?: unknown;
}

/** Collects the nodes of one pipeline while its author's function runs. */
export class Graph {
  readonly nodes: PlanNode[] = [];
  /** Texts of lambdas by node id. */
  readonly lambdas: Record<string, string> = {};
  readonly #named = new Map<string, string>();
  /** Ids that nodes had before, by those they have now. */
  readonly #formerIds = new Map<string, string>();
  readonly #scopes: { readonly name: string; readonly renamedFrom: string }[] = [];
  #closed = false;

  /**
   * The full id, with the prefixes of the scopes that are open now; nothing else may have it. `renamedFrom` is the one
   * that it had before, in the same scopes, or from the root where it begins with "/".
   * @throws DF_ID for text that is no id, DF_DUPLICATE_ID
   */
  claim(id: unknown, verb: string, renamedFrom?: unknown): string {
    if (this.#closed) {
      throw new DataflowError(
        "DF_CLOSED",
        `${verb} was called after the graph was built. Call it inside the pipeline's function.`,
      );
    }
    const full = [...this.#scopes.map(({ name }) => name), checkedName(id, verb)].join("/");
    const taken = this.#named.get(full);
    if (taken !== undefined) {
      throw new DataflowError(
        "DF_DUPLICATE_ID",
        `${verb} and ${taken} have the same id "${full}". Ids tell apart what a restart finds again: give each its own, or use p.scope().`,
      );
    }
    this.#named.set(full, verb);
    const old = this.#formerId(renamedFrom ?? id, verb);
    if (old !== full || renamedFrom !== undefined) this.#formerIds.set(full, old);
    return full;
  }

  #formerId(id: unknown, verb: string): string {
    const parts = typeof id === "string" ? id.split("/") : [id];
    const fromRoot = parts.length > 1 && parts[0] === "";
    const names = parts.slice(fromRoot ? 1 : 0).map((part) => checkedName(part, `renamedFrom of ${verb}`));
    const scopes = fromRoot ? [] : this.#scopes.map(({ renamedFrom }) => renamedFrom);
    return [...scopes, ...names].join("/");
  }

  /** An id for a step that was given none: "orders.filter", "orders.filter.2". */
  unnamed(base: string, verb: string): string {
    const first = `${base}.${verb}`;
    let id = first;
    for (let count = 2; this.#named.has(id); count++) id = `${first}.${count}`;
    this.#named.set(id, `the unnamed ${verb}() behind "${base}"`);
    const old = this.#formerIds.get(base);
    if (old !== undefined) this.#formerIds.set(id, `${old}${id.slice(base.length)}`);
    return id;
  }

  /** Ids that nodes had before, by those they have now. Close the graph first. */
  get renamedFrom(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#formerIds);
  }

  /** Runs `build` with a prefix for all ids given meanwhile; `renamedFrom` is the one that they had before. */
  scope<Result>(name: unknown, build: () => Result, { renamedFrom = name }: Renaming = {}): Result {
    const verb = "p.scope()";
    this.#scopes.push({
      name: checkedName(name, verb),
      renamedFrom: checkedName(renamedFrom, `renamedFrom of ${verb}`),
    });
    try {
      return build();
    } finally {
      this.#scopes.pop();
    }
  }

  /** No node may come after this. */
  close(): void {
    this.#closed = true;
    const given = new Set(
      this.nodes.flatMap((node) => (node.kind === "operator" && !node.named ? [] : [node.id])),
    );
    for (const [id, old] of this.#formerIds) {
      // A step that was given no id goes after one that has: what it is called now may be another's since.
      if (!given.has(id) && this.#named.has(old)) this.#formerIds.delete(id);
    }
  }

  /** The shape of an output. */
  shapeOf(edge: Edge): Shape {
    const node = this.nodes.find(({ id }) => id === edge.node);
    const outputs = node === undefined || node.kind === "sink" ? [] : node.outputs;
    return present(outputs[edge.port], `output ${edge.port} of "${edge.node}"`);
  }

  /** Adds a source; `shape` is what it delivers. */
  addSource(
    id: string,
    spec: SourceSpec,
    shape: Shape,
    reading: { time?: EventTime; invalid?: string; validate?: "read" | "all" },
  ): Edge {
    this.nodes.push({ kind: "source", id, spec, outputs: [shape], ...reading });
    return { node: id, port: 0 };
  }

  /** Adds an operator. @throws what `spec.outputs` throws, naming the node */
  addOperator(id: string, named: boolean, spec: OperatorSpec, inputs: readonly Edge[]): Edge {
    const outputs = naming(id, () => spec.outputs(inputs.map((edge) => this.shapeOf(edge))));
    this.nodes.push({ kind: "operator", id, named, spec, inputs, outputs });
    return { node: id, port: 0 };
  }

  /** Remembers the text of a lambda, to tell whether it has changed since the last run. */
  addLambda(id: string, lambda: Lambda): void {
    this.lambdas[id] = Function.prototype.toString.call(lambda);
  }

  /**
   * Adds a sink behind `input`, or for quarantined rows without one. @throws what the sink's check throws,
   * DF_SINK_MODE
   */
  addSink(id: string, spec: SinkSpec, input: Edge | undefined, options: SinkOptions = {}): void {
    naming(id, () => {
      if (!isSink(spec)) {
        throw new DataflowError(
          "DF_SINK",
          `This is no sink. Give one of a connector, such as delta({ path }).`,
        );
      }
      const shape = input === undefined ? QUARANTINE_SHAPE : this.shapeOf(input);
      if (!spec.changes.includes(shape.change)) {
        throw new DataflowError(
          "DF_SINK_MODE",
          `The ${spec.connector} sink takes ${spec.changes.join(", ")}, but the rows of this stream are ${shape.change}. Use a table sink, or make the result final (emit: "final", no allowedLateness).`,
        );
      }
      spec.check(shape);
      const exchange = input === undefined ? "forward" : exchangeToSink(this.nodes, input, shape);
      this.nodes.push({ kind: "sink", id, spec, input, shape, exchange, commitEvery: commitEvery(options) });
    });
  }
}

/** Runs a step of building; what it throws names the node. */
export function naming<Result>(id: string, work: () => Result): Result {
  try {
    return work();
  } catch (thrown) {
    throw within(`"${id}"`, thrown);
  }
}

/** A pipeline's, scope's or node's name. @throws DF_ID */
export function checkedName(name: unknown, verb: string): string {
  if (typeof name === "string" && NAME.test(name)) return name;
  const given =
    typeof name === "string" ? `"${name}"` : `${typeof name === "object" ? "an" : "a"} ${typeof name}`;
  throw new DataflowError(
    "DF_ID",
    `${verb} needs a name of letters, digits, "_", "." and "-" that begins with a letter or digit, not ${given}.`,
  );
}

/** Whether a connector has made it to be written to. */
export function isSink(value: unknown): value is SinkSpec {
  return (
    typeof value === "object" &&
    value !== null &&
    "connector" in value &&
    "changes" in value &&
    "check" in value
  );
}

function commitEvery(options: SinkOptions): { readonly time: number; readonly bytes: number } {
  checkOptions(options, ["commitEvery", "renamedFrom"], "to()");
  checkOptions(options.commitEvery ?? {}, ["time", "bytes"], "commitEvery");
  const { time = COMMIT_TIME, bytes = COMMIT_BYTES } = options.commitEvery ?? {};
  if (!Number.isSafeInteger(bytes) || bytes < 1) {
    throw new DataflowError("DF_OPTION", `commitEvery.bytes is ${bytes}; it must be a whole number from 1.`);
  }
  return { time: micros(time, "commitEvery.time"), bytes };
}
