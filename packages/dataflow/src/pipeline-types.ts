/** What a pipeline is made of, as types. */
import type {
  Columns,
  Duration,
  Label,
  Plan,
  ReadOf,
  RowType,
  Secret,
  Timestamp,
  TypedSink,
  TypedSource,
  WriteOf,
} from "@df/core";
import type { QuarantineRow } from "@df/core/plan/quarantine";
import type { ParamValues } from "./params.ts";
import type { Refused } from "./refusals.ts";
import type { Renamed, Stream } from "./stream-types.ts";

/** Where records go that cannot be decoded, and rows refused in the stateless steps behind the source. */
export interface Reading {
  /** "fail" (default): they go to the pipeline's `rejected` sink, and without one the run stops. */
  readonly onInvalid?: "fail" | TypedSink<QuarantineRow, "append"> | undefined;
  /**
   * Syntax, size and the presence of required columns are checked for every record; type and range of a column only
   * where some step reads it ("read", the default), or always ("all").
   */
  readonly validate?: "read" | "all" | undefined;
}
/** Event time is a column; the clock of a split is the largest time so far minus `maxOutOfOrderness`. */
export type Clock<Time> = { readonly eventTime?: Time | undefined } & ([Time] extends [never]
  ? unknown
  : {
      readonly maxOutOfOrderness: Duration;
      /** After so long a silent split no longer holds the clock back. */
      readonly idleTimeout?: Duration | undefined;
    });
/** The columns that are points in time and never null. */
type Times<Row> = { [P in keyof Row as [Row[P]] extends [Timestamp] ? P : never]: Row[P] };
type IsTimed<Time> = [Time] extends [never] ? false : true;

/** What a pipeline's function is given to declare its graph with. */
export interface Pipeline {
  /** Reads events. State hangs on the id. */
  from<Row, Kind extends "events" | "changes", const Time extends keyof Times<Row> & string = never>(
    id: string,
    source: [Kind] extends ["events"]
      ? TypedSource<Row, Kind>
      : Refused<"this source carries updates and deletes: p.from() reads events only [DF_SOURCE_CHANGES]">,
    options?: Reading & Clock<Time> & Renamed,
  ): Stream<Row, "append", never, IsTimed<Time>>;
  /**
   * Prefixes all ids given inside, so that one function can be used several times: "eu/orders". With `renamedFrom` the
   * scope had that name before.
   */
  scope<Result>(name: string, build: (p: Pipeline) => Result, options?: Renamed): Result;
}

/** What is said of a pipeline as a whole. */
export interface PipelineOptions<P extends Columns, S extends string = never> {
  /** Columns of the parameters that a run may be given. */
  readonly params?: RowType<P> | undefined;
  /** Parameters that a run need not be given, with the value they then have; nullable ones are else null. */
  readonly defaults?: Partial<WriteOf<NoInfer<P>>> | undefined;
  /** Names of parameters that are secrets: a run gives a reference, `env:NAME` or `file:PATH`. */
  readonly secrets?: readonly S[] | undefined;
  /** The weakest label that a step may have. Checked when the graph is built. */
  readonly require?: Label | undefined;
  /** Default "1s". */
  readonly checkpointEvery?: Duration | undefined;
  /**
   * Keeps a savepoint every so often, the newest `keep` of them (default 24), to go back to with `dataflow rewind`. Each
   * takes a delivery, and a copy of the whole state. Default: none.
   */
  readonly stateHistory?: { readonly every: Duration; readonly keep?: number | undefined } | undefined;
  /** Rows that a source hands on at once, 1 to 4096 (default): fewer for lower latency, more for throughput. */
  readonly batchRows?: number | undefined;
  /** Where rows go that are refused behind the stateless steps of a source, and by sinks. */
  readonly rejected?: TypedSink<QuarantineRow, "append"> | undefined;
}

/** A plan together with the texts of its lambdas. */
export interface BuiltPlan extends Plan {
  /** Source texts by id of the node that runs them. */
  readonly lambdas: Readonly<Record<string, string>>;
}

/** A pipeline as a file exports it. */
export interface PipelineDefinition {
  readonly kind: "pipeline";
  readonly name: string;
  /** Absent where the pipeline takes none. */
  readonly params?: RowType<Columns> | undefined;
  /** Names of the parameters that are secrets. */
  readonly secrets: readonly string[];
  /**
   * The parameters that `build` would take, as text; those of secrets are references.
   * @throws DF_PARAM as `build` does
   */
  effectiveParams(params?: ParamValues, origins?: Readonly<Record<string, string>>): BuiltPlan["params"];
  /**
   * Builds the graph. Parameters come as values or as text, as a command line gives them; `origins` says by name where
   * they came from.
   * @throws DataflowError naming the id of the step that is wrong, DF_PARAM for parameters
   */
  build(params?: ParamValues, origins?: Readonly<Record<string, string>>): BuiltPlan;
}

/** What `pipeline(name, options, build)` calls. */
export type Build<P extends Columns, S extends string = never> = (
  p: Pipeline,
  params: ReadOf<P> & { readonly [Name in S]: Secret },
) => void;
