/** What runs behind the types of stream-types.ts: each verb adds a node to the graph. */
import { DataflowError, columnIndex, isRowType, micros, schemaOf, checkOptions } from "@df/core";
import type {
  Columns,
  Duration,
  Edge,
  OperatorSpec,
  RowCheck,
  RowCondition,
  RowType,
  Schema,
  Shape,
  SinkSpec,
} from "@df/core";
import {
  changelog,
  dedupe,
  filter,
  flatMap,
  map,
  notNull,
  select,
  tap,
  union,
  validate,
} from "@df/operators";
import type { ConditionOf } from "./aggregates.ts";
import { columnNames } from "./column-names.ts";
import { expressionsOf } from "./expressions.ts";
import type { BuildExpressions } from "./expressions.ts";
import { FluentGrouped, FluentKeyed, FluentWindowed } from "./fluent-groups.ts";
import { joinSpecs } from "./fluent-join.ts";
import type { JoinInput } from "./fluent-join.ts";
import { naming } from "./graph.ts";
import type { Graph } from "./graph.ts";
import type { LateSides } from "./join-types.ts";
import { lambdaColumns, misreadNames } from "./lambda-columns.ts";
import { lambdaReturns } from "./lambda-returns.ts";
import type { Lambda } from "./lambda-source.ts";
import { checkLambda } from "./lambda.ts";
import { checkedMigration } from "./migration.ts";
import { checkOf } from "./standard-schema.ts";
import type { Named, Renamed, SinkOptions } from "./stream-types.ts";
import type { WindowSpec } from "./windows.ts";

type Row = Readonly<Record<string, unknown>>;
/** Columns as a verb takes them: bare, or as a row type. */
type Declared = Columns | RowType<Columns>;

interface DedupeInput {
  readonly by: string | readonly string[];
  readonly within: Duration;
  readonly keep: "any" | "first";
  readonly allowedLateness?: Duration | undefined;
  readonly renamedFrom?: string | undefined;
  readonly migrate?: unknown;
}
/** What a step with state is called, and what it was called before. */
interface Place {
  readonly id: string;
  readonly renamedFrom?: string | undefined;
}

/** A stream while the graph is built: an output of a node. */
export class FluentStream {
  /** Rows that came too late, where the step has them. */
  readonly late: FluentStream | undefined;
  readonly #graph: Graph;
  readonly #edge: Edge;
  /** Nearest id given by the author: what unnamed steps are called after. */
  readonly #base: string;

  /** `latePort`: the output of the same node that has the rows that came too late. */
  constructor(graph: Graph, edge: Edge, base: string, latePort?: number) {
    this.#graph = graph;
    this.#edge = edge;
    this.#base = base;
    this.late =
      latePort === undefined ? undefined : new FluentStream(graph, { ...edge, port: latePort }, base);
  }

  /** What is known of its rows. */
  get shape(): Shape {
    return this.#graph.shapeOf(this.#edge);
  }

  filter(keep: (row: Row) => boolean, options?: Named): FluentStream {
    return this.#chain("filter", options, (id) => {
      checkLambda(keep, "filter()");
      return filter({ columns: this.#read(id, "filter()", keep), keep });
    });
  }

  notNull(...columns: readonly string[]): FluentStream {
    return this.#chain("notNull", undefined, () => {
      for (const column of columns) columnIndex(this.shape.schema, column);
      return notNull(columns);
    });
  }

  validate(schema: unknown, options?: Named): FluentStream {
    return this.#chain("validate", options, () => validate(checkOf(schema, "validate()")));
  }

  /** Checks the rows as their declaration says, if it does; called by `p.from()` and where rows are made. */
  checked(check: RowCheck | undefined): FluentStream {
    return check === undefined ? this : this.#chain("validate", undefined, () => validate(check));
  }

  map(columns: Declared, make: (row: Row) => object, options?: Named): FluentStream {
    const made = this.#chain("map", options, (id) => {
      const { fields } = declared(columns, "map()");
      checkLambda(make, "map()");
      const read = this.#read(id, "map()", make);
      return map({ columns: read, output: { fields }, returns: lambdaReturns(make), make });
    });
    return made.checked(declared(columns, "map()").check);
  }

  select(make: BuildExpressions, options?: Named): FluentStream {
    return this.#chain("select", options, () => {
      checkLambda(make, "select()");
      return select(expressionsOf(make, this.shape.schema));
    });
  }

  flatMap(columns: Declared, make: (row: Row) => Iterable<object>, options?: Named): FluentStream {
    const made = this.#chain("flatMap", options, (id) => {
      const { fields } = declared(columns, "flatMap()");
      checkLambda(make, "flatMap()", true);
      return flatMap({ columns: this.#read(id, "flatMap()", make), output: { fields }, make });
    });
    return made.checked(declared(columns, "flatMap()").check);
  }

  tap(look: (row: Row) => void, options?: Named): FluentStream {
    return this.#chain("tap", options, (id) => {
      checkLambda(look, "tap()");
      return tap({ columns: this.#read(id, "tap()", look), look });
    });
  }

  union(other: FluentStream, options?: Named): FluentStream {
    const { id, named } = this.#idFor("union", options);
    if (!(other instanceof FluentStream) || other.#graph !== this.#graph) {
      throw new DataflowError("DF_UNION", `"${id}": union() takes another stream of the same pipeline.`);
    }
    const edge = this.#graph.addOperator(id, named, union(), [this.#edge, other.#edge]);
    return new FluentStream(this.#graph, edge, named ? id : this.#base);
  }

  pipe<Result>(step: (stream: this) => Result): Result {
    return step(this);
  }

  via(id: string, spec: OperatorSpec, options: Renamed = {}): FluentStream {
    return this.#keep("via()", { ...options, id }, () => {
      checkOptions(options, ["renamedFrom"], "via()");
      return spec;
    });
  }

  dedupe(id: string, options: DedupeInput): FluentStream {
    const made = this.#keep("dedupe()", { ...options, id }, () => {
      checkOptions(
        options,
        ["by", "within", "keep", "allowedLateness", "renamedFrom", "migrate"],
        "dedupe()",
      );
      const by = columnNames(options.by, "by of dedupe()");
      for (const column of by) columnIndex(this.shape.schema, column);
      return dedupe({
        by,
        withinMicros: micros(options.within, "within"),
        keep: options.keep,
        allowedLatenessMicros: micros(options.allowedLateness ?? "0s", "allowedLateness"),
        migrate: checkedMigration(options.migrate, "dedupe()"),
      });
    });
    return new FluentStream(this.#graph, made.#edge, made.#base, 1);
  }

  changelog(id: string, options: Renamed = {}): FluentStream {
    return this.#keep("changelog()", { ...options, id }, () => {
      checkOptions(options, ["renamedFrom"], "changelog()");
      return changelog({ key: this.shape.key });
    });
  }

  keyBy(...columns: readonly string[]): FluentKeyed {
    this.#checkGroups("keyBy()", columns, " For one group of all rows use .window() alone.");
    return new FluentKeyed(this, columns);
  }

  groupBy(...columns: readonly string[]): FluentGrouped {
    this.#checkGroups(
      "groupBy()",
      columns,
      " For one group of all rows, select() a constant and group by it.",
    );
    return new FluentGrouped(this, columns);
  }

  window(spec: WindowSpec): FluentWindowed {
    return new FluentWindowed(this, [], spec);
  }

  joinWindow(
    id: string,
    other: FluentStream,
    options: JoinInput,
  ): FluentStream & LateSides<FluentStream, FluentStream> {
    const full = this.#graph.claim(id, "joinWindow()", options.renamedFrom);
    if (!(other instanceof FluentStream) || other.#graph !== this.#graph) {
      throw new DataflowError(
        "DF_JOIN_SIDE",
        `"${full}": joinWindow() takes another stream of the same pipeline.`,
      );
    }
    const specs = naming(full, () => joinSpecs(this.shape.schema, other.shape.schema, options));
    const pairs = this.#graph.addOperator(full, true, specs.pairs, [this.#edge, other.#edge]);
    const step = this.#graph.unnamed(full, "select");
    const columns = this.#graph.addOperator(step, false, specs.columns, [pairs]);
    const output = (edge: Edge): FluentStream => new FluentStream(this.#graph, edge, full);
    return Object.assign(output(columns), {
      lateLeft: output({ ...pairs, port: 1 }),
      lateRight: output({ ...pairs, port: 2 }),
    });
  }

  to(id: string, sink: SinkSpec, options?: SinkOptions): void {
    this.#graph.addSink(this.#graph.claim(id, "to()", options?.renamedFrom), sink, this.#edge, options);
  }

  /**
   * Adds an operator that aggregates, with rows that came too late on its `latePort`; called by `FluentWindowed` and
   * `FluentGrouped` only.
   */
  aggregate(place: Place, make: (conditionOf: ConditionOf) => OperatorSpec, latePort?: number): FluentStream {
    const made = this.#keep("aggregate()", place, (full) => make(this.#conditionsOf(full)));
    return latePort === undefined ? made : new FluentStream(this.#graph, made.#edge, made.#base, latePort);
  }

  /** Adds the latest rows of groups; called by `FluentGrouped` only. */
  latest(place: Place, make: () => OperatorSpec): FluentStream {
    return this.#keep("latest()", place, make);
  }

  #checkGroups(verb: string, columns: readonly string[], hint = ""): void {
    naming(`${this.#base}.${verb.slice(0, -2)}`, () => {
      for (const column of columns) columnIndex(this.shape.schema, column);
      if (columns.length === 0) throw new DataflowError("DF_KEY", `${verb} needs a column.${hint}`);
      if (this.shape.change === "upsert") {
        throw new DataflowError(
          "DF_NEEDS_CHANGELOG",
          `${verb} on upserts would count a corrected row twice. Put .changelog(id) before it.`,
        );
      }
    });
  }

  /** Makes the conditions of a step: one for each lambda, so that the operator can ask it once per row. */
  #conditionsOf(id: string): ConditionOf {
    const conditions = new Map<Lambda, RowCondition>();
    return (keep) => {
      checkLambda(keep, "where()");
      const known = conditions.get(keep);
      if (known !== undefined) return known;
      // No id of a step has brackets, so the text of no other lambda is stored under this name.
      const name = `${id}.where()${conditions.size === 0 ? "" : `.${conditions.size + 1}`}`;
      const condition = { columns: this.#read(name, "where()", keep), keep };
      conditions.set(keep, condition);
      return condition;
    };
  }

  /** A stateless step behind this stream. */
  #chain(verb: string, options: Named | undefined, make: (id: string) => OperatorSpec): FluentStream {
    const { id, named } = this.#idFor(verb, options);
    const spec = naming(id, () => make(id));
    return new FluentStream(
      this.#graph,
      this.#graph.addOperator(id, named, spec, [this.#edge]),
      named ? id : this.#base,
    );
  }

  /** A step whose id the author must give. */
  #keep(verb: string, { id, renamedFrom }: Place, make: (full: string) => OperatorSpec): FluentStream {
    const full = this.#graph.claim(id, verb, renamedFrom);
    const spec = naming(full, () => make(full));
    const edge = this.#graph.addOperator(full, true, spec, [this.#edge]);
    return new FluentStream(this.#graph, edge, full);
  }

  #idFor(verb: string, options: Named = {}): { readonly id: string; readonly named: boolean } {
    checkOptions(options, ["id"], `${verb}()`);
    if (options.id !== undefined) return { id: this.#graph.claim(options.id, `${verb}()`), named: true };
    return { id: this.#graph.unnamed(this.#base, verb), named: false };
  }

  /** The columns that a lambda reads; its text is remembered. */
  #read(id: string, verb: string, lambda: Lambda): readonly string[] | "all" {
    this.#graph.addLambda(id, lambda);
    const columns = this.shape.schema.fields.map((field) => field.name);
    const [misread] = misreadNames(lambda, columns);
    if (misread === undefined) return lambdaColumns(lambda, columns);
    throw new DataflowError(
      "DF_NO_COLUMN",
      `The lambda of ${verb} reads "${misread}", which is no column. The columns are: ${columns.join(", ")}.`,
    );
  }
}

/** The schema of declared columns. @throws DF_SCHEMA when they were not made with the `t` kit */
function declared(columns: Declared, verb: string): Schema {
  const schema = isRowType(columns) ? columns.schema : undefined;
  if (schema !== undefined) return schema;
  const types: unknown[] =
    typeof columns === "object" && columns !== null ? Object.values(columns) : [undefined];
  if (!types.every((type) => typeof type === "object" && type !== null && "column" in type)) {
    throw new DataflowError(
      "DF_SCHEMA",
      `${verb} needs its columns declared first: ${verb.slice(0, -1)}{ id: t.string() }, (row) => …).`,
    );
  }
  return schemaOf(columns as Columns);
}
