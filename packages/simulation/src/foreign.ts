/** What others do to a Delta table that the pipeline writes to. */
import {
  foreignCommit,
  foreignCompaction,
  inlineEncoder,
  liveFiles,
  readCommits,
} from "@df/connectors/delta/table.testing";
import type { Action, AddFile, RemoveFile } from "@df/connectors/delta/actions";
import type { ObjectStore } from "@df/connectors/object-store/object-store";
import { type ColumnType, unreachable, type Schema } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import { Violation } from "./verdict.ts";

type Row = Readonly<Record<string, unknown>>;

/** Rewrites all rows into one file. Nobody vacuums the files that others may still read. */
export async function compact(store: ObjectStore, schema: Schema): Promise<void> {
  await foreignCompaction({ ...store, delete: () => Promise.resolve() }, schema);
}

/** Changes a property of the table. */
export async function setProperty(store: ObjectStore): Promise<void> {
  await foreignCommit(store, [{ commitInfo: { operation: "SET TBLPROPERTIES" } }]);
}

/** Adds a row of somebody else, in a file that is called by the row's number; returns the version that has it. */
export async function addRow(
  store: ObjectStore,
  schema: Schema,
  { number, row }: { readonly number: number; readonly row: Row },
): Promise<number> {
  const path = `foreign-row-${number}.parquet`;
  const { bytes } = await inlineEncoder.encode(schema, [batchOf(schema, [row])]);
  await store.put(path, bytes);
  const file = { path, partitionValues: {}, size: bytes.length, modificationTime: 1, dataChange: true };
  return foreignCommit(store, [
    { commitInfo: { operation: "WRITE" } },
    { add: { ...file, stats: '{"numRecords":1}' } },
  ]);
}

/** A row that no log has. */
export function foreignRow({ fields }: Schema, number: number): Row {
  return Object.fromEntries(fields.map(({ name, type }) => [name, foreignValue(type, number)]));
}

function foreignValue(type: ColumnType, number: number): unknown {
  switch (type.kind) {
    case "int64":
      return BigInt(-number);
    case "int32":
    case "float64":
    case "timestamp":
      return number;
    case "string":
      return "foreign";
    case "bool":
    case "decimal":
    case "date":
    case "json":
    case "bytes":
      throw new Violation(`no simulated table has a column of ${type.kind}`);
    default:
      return unreachable(type);
  }
}

/** RESTORE to the version before a commit of the pipeline. */
export async function setBack(store: ObjectStore): Promise<void> {
  const commits = await readCommits(store);
  if (isOurs(commits.at(-1) ?? [])) await restore(store, commits.length - 2);
}

/** RESTORE to a version: removes what was added since, brings back what was removed. */
export async function restore(store: ObjectStore, version: number): Promise<void> {
  const versions = (await readCommits(store)).length;
  if (version === versions - 1) return;
  const filesAfter = async (count: number) =>
    new Map((await liveFiles(store, count)).map((file) => [JSON.stringify(file), file]));
  const [before, now] = [await filesAfter(version + 1), await filesAfter(versions)];
  await foreignCommit(store, [
    { commitInfo: { operation: "RESTORE", operationParameters: { version } } },
    ...[...now].filter(([text]) => !before.has(text)).map(([, file]) => ({ remove: removed(file) })),
    ...[...before].filter(([text]) => !now.has(text)).map(([, add]) => ({ add })),
  ]);
}

function removed({ path, size, partitionValues, deletionVector }: AddFile): RemoveFile {
  const remove = { path, size, partitionValues, dataChange: true, deletionTimestamp: 1 };
  return deletionVector === undefined ? remove : { ...remove, deletionVector };
}

/** Whether a table was set back, and the pipeline has not written to it since. */
export async function isSetBack(store: ObjectStore): Promise<boolean> {
  const commits = await readCommits(store);
  const restored = commits.findLastIndex((actions) =>
    actions.some(({ commitInfo }) => commitInfo?.["operation"] === "RESTORE"),
  );
  return restored > commits.findLastIndex(isOurs);
}

function isOurs(actions: readonly Action[]): boolean {
  return actions.some(({ txn }) => txn !== undefined);
}
