/**
 * Pipelines over streams: what a pipeline file imports. Connectors have modules of their own, such as
 * `dataflow/delta`.
 */
export { defineConfig } from "./config.ts";
export { pipeline } from "./pipeline.ts";
export { migration } from "./migration.ts";
export { lit } from "./expressions.ts";
export { session, sliding, tumbling } from "./windows.ts";
export { adopt } from "./adopt.ts";
export { takeSavepoint } from "./savepoint.ts";
export { start } from "./start.ts";
export { secret, t } from "@df/core";
export { defineAggregate } from "@df/operators";
export type { Agg, Aggregates, ResultColumns } from "./aggregate-types.ts";
export type { Config, ConfigSettings } from "./config.ts";
export type { ColumnPicker, Expr, Expression } from "./expression-types.ts";
export type { BuiltPlan, Pipeline, PipelineDefinition, PipelineOptions } from "./pipeline-types.ts";
export type { ParamValue, ParamValues } from "./params.ts";
export type { JoinKind, JoinOn, LateSides } from "./join-types.ts";
export type { Refused } from "./refusals.ts";
export type { Run } from "./run.ts";
export type { AdoptOptions } from "./adopt.ts";
export type { SavepointOptions } from "./savepoint.ts";
export type { StartOptions } from "./start.ts";
export type {
  AnyStream,
  Emit,
  Events,
  Facts,
  Grouped,
  Keyed,
  Late,
  Stream,
  Table,
  TypedOperator,
  Windowed,
} from "./stream-types.ts";
export type { MigrationTo } from "./migration.ts";
export type { StandardSchema } from "./standard-schema.ts";
export type { Session, Sliding, Tumbling, WindowSpec } from "./windows.ts";
export type {
  Change,
  ChangeMode,
  Columns,
  DateString,
  Decimal,
  Duration,
  Json,
  Label,
  PlainRow,
  ReadOf,
  RowType,
  Secret,
  SecretReference,
  Timestamp,
  TypedSink,
  TypedSource,
  WriteOf,
} from "@df/core";
export type { AggregateDefinition, Law } from "@df/operators";
export type { LedgerEntry } from "@df/core/checkpoint/records";
export type { Savepoint } from "@df/core/checkpoint/savepoint";
export type { QuarantineRow } from "@df/core/plan/quarantine";
export type { AdoptReport } from "@df/core/runtime/adopt";
export type { RunReport, SinkStatus, Status } from "@df/core/runtime/report";
