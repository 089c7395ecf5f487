/** Making a table, and whether an existing one can take a sink's rows. */
import { randomUUID } from "node:crypto";
import { DataflowError } from "@df/core";
import type { CommitterContext, Shape } from "@df/core";
import type { Action, MetaData, Protocol } from "./actions.ts";
import { checkColumns, parseSchemaString, schemaString } from "./schema-string.ts";
import type { Snapshot } from "./snapshot.ts";

/** What a committer needs to know of its sink. */
export interface DeltaTarget {
  readonly context: CommitterContext;
  readonly partitionBy: readonly string[];
  /** As the user wrote it, for messages. */
  readonly path: string;
}

/** Whether rows replace each other. */
export function isKeyed(input: Shape): boolean {
  return input.change !== "append";
}

/** The first commit of a new table. @param nowMs milliseconds since 1970 */
export function createActions({ context, partitionBy }: DeltaTarget, nowMs: number): Action[] {
  const keyed = isKeyed(context.input);
  const protocol: Protocol = keyed
    ? {
        minReaderVersion: 3,
        minWriterVersion: 7,
        readerFeatures: ["deletionVectors"],
        writerFeatures: ["deletionVectors", "appendOnly", "invariants"],
      }
    : { minReaderVersion: 1, minWriterVersion: 2 };
  const metaData: MetaData = {
    id: randomUUID(),
    format: { provider: "parquet", options: {} },
    schemaString: schemaString(context.input.schema),
    partitionColumns: [...partitionBy],
    configuration: keyed ? { "delta.enableDeletionVectors": "true" } : {},
    createdTime: nowMs,
  };
  const commitInfo = {
    timestamp: nowMs,
    operation: "CREATE TABLE",
    operationParameters: {},
    engineInfo: "dataflow",
    isBlindAppend: true,
    txnId: randomUUID(),
  };
  return [{ commitInfo }, { protocol }, { metaData }];
}

/**
 * Features that ask nothing more of us than what is checked here. Types that we do not write stand in columns that
 * `checkColumns` judges; delta-rs lists variantType for each table that has any feature.
 */
const READER_FEATURES: ReadonlySet<string> = new Set([
  "deletionVectors",
  "timestampNtz",
  "variantType",
  "columnMapping",
]);
const WRITER_FEATURES: ReadonlySet<string> = new Set([
  ...READER_FEATURES,
  "appendOnly",
  "invariants",
  "checkConstraints",
  "changeDataFeed",
  "generatedColumns",
  "identityColumns",
  "allowColumnDefaults",
]);

/**
 * Checks that a table can take the rows of a sink.
 * @throws DF_SCHEMA_TYPE, DF_SCHEMA_NULL, DF_SCHEMA_COLUMN, DF_SCHEMA_PARTITION, DF_SINK_UNSUPPORTED
 */
export function checkTable(snapshot: Snapshot, target: DeltaTarget): void {
  const { context, partitionBy, path } = target;
  const { metaData, protocol } = snapshot;
  if (metaData === undefined || protocol === undefined) return;
  checkProtocol(protocol, metaData, target);
  const there = metaData.partitionColumns;
  if (there.length !== partitionBy.length || there.some((name, i) => name !== partitionBy[i])) {
    throw new DataflowError(
      "DF_SCHEMA_PARTITION",
      `Sink "${context.sink}" partitions by ${listed(partitionBy)}, the table "${path}" by ${listed(there)}. ` +
        "Set partitionBy to the table's, or write to another table.",
    );
  }
  checkColumns(parseSchemaString(metaData.schemaString), context.input, context.sink);
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "nothing" : names.map((name) => `"${name}"`).join(", ");
}

function checkProtocol(protocol: Protocol, metaData: MetaData, { context, path }: DeltaTarget): void {
  const { minReaderVersion, minWriterVersion, readerFeatures = [], writerFeatures = [] } = protocol;
  const unknown =
    readerFeatures.find((name) => !READER_FEATURES.has(name)) ??
    writerFeatures.find((name) => !WRITER_FEATURES.has(name));
  if (minReaderVersion > 3 || minWriterVersion > 7 || unknown !== undefined) {
    throw unsupported(context.sink, path, `its protocol asks for ${unknown ?? "a newer version"}`);
  }
  const configuration = metaData.configuration ?? {};
  const isOn = (name: string): boolean => configuration[name]?.toLowerCase() === "true";
  const constraint = Object.keys(configuration).find((name) => name.startsWith("delta.constraints."));
  if (constraint !== undefined) throw unsupported(context.sink, path, `it has a check, "${constraint}"`);
  const mapping = configuration["delta.columnMapping.mode"] ?? "none";
  if (mapping !== "none") throw unsupported(context.sink, path, `its columns are mapped by ${mapping}`);
  if (!isKeyed(context.input)) return;
  if (isOn("delta.appendOnly"))
    throw unsupported(context.sink, path, "it takes appends only, the sink replaces rows");
  if (isOn("delta.enableChangeDataFeed")) {
    throw unsupported(context.sink, path, "it has a change data feed, which this writer does not write");
  }
  if (!readerFeatures.includes("deletionVectors") || !isOn("delta.enableDeletionVectors")) {
    throw unsupported(
      context.sink,
      path,
      "the sink replaces rows and the table has no deletion vectors (set delta.enableDeletionVectors = true)",
    );
  }
}

function unsupported(sink: string, path: string, why: string): DataflowError {
  return new DataflowError(
    "DF_SINK_UNSUPPORTED",
    `Sink "${sink}" cannot write to the table "${path}": ${why}. Change the table, or write to another one.`,
  );
}
