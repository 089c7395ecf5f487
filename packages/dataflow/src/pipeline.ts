import {
  BATCH_ROWS_MAX,
  DataflowError,
  checkOneOf,
  fieldOf,
  micros,
  checkOptions,
  schemaOfRow,
  valueInWords,
} from "@df/core";
import type { Columns, EventTime, RowType, Shape, SinkSpec, SourceSpec } from "@df/core";
import { requireLabel } from "@df/core/plan/labels";
import { validate } from "@df/core/plan/validate";
import { FluentStream } from "./fluent-stream.ts";
import { Graph, checkedName, isSink, naming, type Renaming } from "./graph.ts";
import { type DeclaredParams, type Params, paramsOf } from "./params.ts";
import type { Build, BuiltPlan, Pipeline, PipelineDefinition, PipelineOptions } from "./pipeline-types.ts";

const OPTIONS = [
  "params",
  "defaults",
  "secrets",
  "require",
  "checkpointEvery",
  "stateHistory",
  "batchRows",
  "rejected",
] as const;
/** The overloads have checked the defaults against the row; here they are any. */
type AnyOptions = Omit<PipelineOptions<Columns, string>, "defaults"> & {
  readonly defaults?: Readonly<Record<string, unknown>> | undefined;
};
type AnyBuild = Build<Columns, string>;

/**
 * Defines a pipeline. Nothing runs yet: `build()` of the result makes its graph.
 * @throws DF_ID when the name is none
 */
export function pipeline(name: string, build: (p: Pipeline) => void): PipelineDefinition;
export function pipeline<P extends Columns = Record<never, never>, const S extends string = never>(
  name: string,
  options: PipelineOptions<P, S>,
  build: Build<P, S>,
): PipelineDefinition;
export function pipeline(name: string, second: AnyOptions | AnyBuild, third?: AnyBuild): PipelineDefinition {
  const options = typeof second === "function" ? {} : second;
  const build = typeof second === "function" ? second : third;
  checkedName(name, "pipeline()");
  checkOptions(options, OPTIONS, "pipeline()");
  if (typeof build !== "function") {
    throw new DataflowError(
      "DF_PIPELINE",
      `Pipeline "${name}" needs a function: pipeline("${name}", (p) => { … }).`,
    );
  }
  const params: RowType<Columns> | undefined = options.params;
  const declared = naming(name, () => declaredParams(options));
  return {
    kind: "pipeline",
    name,
    ...(params === undefined ? {} : { params }),
    secrets: declared.secrets,
    effectiveParams: (given, origins) => naming(name, () => paramsOf(declared, given, origins).texts),
    build: (given, origins) =>
      naming(name, () => plan(name, options, build, paramsOf(declared, given, origins))),
  };
}

/** @throws DF_OPTION for a name that is declared twice, and for the default of one that is not */
function declaredParams({ params, secrets = [], defaults = {} }: AnyOptions): DeclaredParams {
  if (!Array.isArray(secrets)) {
    throw new DataflowError(
      "DF_OPTION",
      `secrets is ${valueInWords(secrets)}; it must be a list: ["token"].`,
    );
  }
  const schema = params === undefined ? undefined : schemaOfRow(params, "params: Row");
  const names = schema?.fields.map((field) => field.name) ?? [];
  const twice = secrets.find((secret, index) => names.includes(secret) || secrets.indexOf(secret) !== index);
  if (twice !== undefined) {
    throw new DataflowError(
      "DF_OPTION",
      `The parameter "${twice}" is declared twice; take it out of secrets.`,
    );
  }
  checkOptions(defaults, names, "defaults");
  return { schema, secrets, defaults };
}

function plan(name: string, options: AnyOptions, build: AnyBuild, params: Params): BuiltPlan {
  const graph = new Graph();
  const checkpointEvery = micros(options.checkpointEvery ?? "1s", "checkpointEvery");
  if (checkpointEvery === 0) throw new DataflowError("DF_OPTION", "checkpointEvery must be longer than 0.");
  const { batchRows = BATCH_ROWS_MAX } = options;
  if (!Number.isInteger(batchRows) || batchRows < 1 || batchRows > BATCH_ROWS_MAX) {
    throw new DataflowError("DF_OPTION", `batchRows is ${batchRows}; it must be 1 to ${BATCH_ROWS_MAX}.`);
  }
  const returned: unknown = build(fluentPipeline(graph), params.values as Parameters<AnyBuild>[1]);
  if (typeof returned === "object" && returned !== null && "then" in returned) {
    throw new DataflowError(
      "DF_ASYNC_BUILD",
      "The pipeline's function is async. Load what it needs before pipeline().",
    );
  }
  const rejected =
    options.rejected === undefined ? undefined : graph.claim("rejected", "the pipeline's option rejected");
  if (rejected !== undefined)
    checkSink(options.rejected, `rejected is ${valueInWords(options.rejected)}; it may be`);
  if (rejected !== undefined) graph.addSink(rejected, options.rejected as SinkSpec, undefined);
  graph.close();
  const made: BuiltPlan = {
    name,
    nodes: graph.nodes,
    checkpointEvery,
    stateHistory: historyOf(options.stateHistory),
    batchRows,
    rejected,
    require: options.require,
    params: params.texts,
    lambdas: graph.lambdas,
    renamedFrom: graph.renamedFrom,
  };
  validate(made);
  requireLabel(made);
  return made;
}

/** `p`, as the author's function gets it. The types say more than these functions need, hence the one cast. */
function fluentPipeline(graph: Graph): Pipeline {
  const p = {
    from: (id: string, source: SourceSpec, options?: ReadingInput) => from(graph, id, source, options),
    scope: (name: string, build: (p: unknown) => unknown, options: Renaming = {}) => {
      checkOptions(options, ["renamedFrom"], "p.scope()");
      return graph.scope(name, () => build(p), options);
    },
  };
  return p as unknown as Pipeline;
}

interface ReadingInput {
  readonly eventTime?: string | undefined;
  readonly maxOutOfOrderness?: Parameters<typeof micros>[0] | undefined;
  readonly idleTimeout?: Parameters<typeof micros>[0] | undefined;
  readonly onInvalid?: "fail" | SinkSpec | undefined;
  readonly validate?: "read" | "all" | undefined;
  readonly renamedFrom?: string | undefined;
}

function from(graph: Graph, id: string, source: SourceSpec, options: ReadingInput = {}): FluentStream {
  const { renamedFrom } = options;
  const full = graph.claim(id, "p.from()", renamedFrom);
  const time = naming(full, () => {
    checkOptions(
      options,
      ["eventTime", "maxOutOfOrderness", "idleTimeout", "onInvalid", "validate", "renamedFrom"],
      "p.from()",
    );
    checkSource(source);
    return eventTimeOf(source, options);
  });
  const { onInvalid = "fail", validate = "read" } = options;
  naming(full, () => {
    checkOneOf(validate, ["read", "all"], "validate");
    if (onInvalid !== "fail")
      checkSink(onInvalid, `onInvalid is ${valueInWords(onInvalid)}; it may be "fail" or`);
  });
  const invalid =
    onInvalid === "fail"
      ? undefined
      : graph.claim(
          `${id}.invalid`,
          "the option onInvalid",
          renamedFrom === undefined ? undefined : `${renamedFrom}.invalid`,
        );
  const { fields, check } = source.schema;
  const shape: Shape = { schema: { fields }, change: "append", key: [], timed: time !== undefined };
  const edge = graph.addSource(full, source, shape, {
    ...(time === undefined ? {} : { time }),
    ...(invalid === undefined ? {} : { invalid }),
    validate,
  });
  if (invalid !== undefined) graph.addSink(invalid, onInvalid as SinkSpec, undefined);
  return new FluentStream(graph, edge, full).checked(check);
}

/** @throws DF_SINK for what is no sink, in the words of the option that holds it */
function checkSink(sink: unknown, what: string): void {
  if (isSink(sink)) return;
  throw new DataflowError("DF_SINK", `${what} a sink of a connector, such as delta({ path }).`);
}

function checkSource(source: unknown): void {
  if (typeof source !== "object" || source === null || !("schema" in source) || !("rows" in source)) {
    throw new DataflowError(
      "DF_SOURCE",
      "This is no source. Give one of a connector, such as files({ path, decode }).",
    );
  }
  if (source.rows === "changes") {
    throw new DataflowError(
      "DF_SOURCE_CHANGES",
      "This source carries updates and deletes. p.from() reads events only.",
    );
  }
}

function eventTimeOf(source: SourceSpec, options: ReadingInput): EventTime | undefined {
  const { eventTime: column, maxOutOfOrderness, idleTimeout } = options;
  if (column === undefined) {
    if (maxOutOfOrderness === undefined && idleTimeout === undefined) return undefined;
    throw new DataflowError(
      "DF_EVENT_TIME",
      "maxOutOfOrderness and idleTimeout need eventTime: name the column.",
    );
  }
  if (maxOutOfOrderness === undefined) {
    throw new DataflowError(
      "DF_EVENT_TIME",
      `eventTime "${column}" needs maxOutOfOrderness: how much later than a newer row may an older one come?`,
    );
  }
  const field = fieldOf(source.schema, column);
  if (field.type.kind !== "timestamp" || field.nullable) {
    const is = field.type.kind === "timestamp" ? "may be null" : `is ${field.type.kind}`;
    throw new DataflowError("DF_EVENT_TIME", `Event time "${column}" ${is}. Declare it as t.timestamp().`);
  }
  return {
    column,
    maxOutOfOrderness: micros(maxOutOfOrderness, "maxOutOfOrderness"),
    ...(idleTimeout === undefined ? {} : { idleTimeout: micros(idleTimeout, "idleTimeout") }),
  };
}

function historyOf(given: PipelineOptions<Columns>["stateHistory"]): BuiltPlan["stateHistory"] {
  if (given === undefined) return undefined;
  checkOptions(given, ["every", "keep"], "stateHistory");
  const { every, keep = 24 } = given;
  if (micros(every, "every of stateHistory") === 0)
    throw new DataflowError("DF_OPTION", "every of stateHistory must be longer than 0.");
  if (!Number.isInteger(keep) || keep < 1) {
    throw new DataflowError(
      "DF_OPTION",
      `keep of stateHistory is ${keep}; it must be a whole number from 1.`,
    );
  }
  return { every: micros(every), keep };
}
