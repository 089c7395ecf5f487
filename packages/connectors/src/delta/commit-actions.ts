/** Turns an intent into the actions of a commit, given the table as it is now. */
import { randomUUID } from "node:crypto";
import { DataflowError } from "@df/core";
import type { Intent, Json, KeyIndex } from "@df/core";
import { parquetRowCount } from "@df/formats/parquet/read-batches";
import type { ObjectStore } from "../object-store/object-store.ts";
import { logPath } from "./actions.ts";
import type { Action, AddFile, RemoveFile, VectorDescriptor } from "./actions.ts";
import { mergeRows, readVector, writeVectors } from "./deletion-vector.ts";
import { findKeys } from "./key-rows.ts";
import type { KeyedTable } from "./key-rows.ts";
import type { Manifest } from "./manifest.ts";
import type { LiveFile, Snapshot } from "./snapshot.ts";
import { looseStatistics, recordCount } from "./statistics.ts";
import { changedKeys } from "./upsert.ts";

/** What a commit is made of. */
export interface CommitInput {
  readonly table: KeyedTable;
  readonly snapshot: Snapshot;
  readonly intent: Intent;
  readonly manifest: Manifest;
  readonly index: KeyIndex;
  /** The first is that of the sink now. */
  readonly appIds: readonly string[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** The actions that show what is staged. Deletion vectors are written, under names never used before. */
export async function commitActions(input: CommitInput): Promise<readonly Action[]> {
  const { intent, manifest, appIds, nowMs } = input;
  const deletions = await deletionActions(input);
  const added = manifest.files.map(({ path, partitionValues, sizeBytes, stats }): Action => ({
    add: {
      path: logPath(path),
      partitionValues,
      size: sizeBytes,
      modificationTime: nowMs,
      dataChange: true,
      stats,
    },
  }));
  return [
    { commitInfo: commitInfo(input, deletions.length === 0) },
    ...appIds.map((appId) => ({ txn: { appId, version: intent.marker.epoch, lastUpdated: nowMs } })),
    ...deletions,
    ...added,
  ];
}

function commitInfo(
  { snapshot, intent, appIds, nowMs }: CommitInput,
  isBlindAppend: boolean,
): Record<string, Json> {
  const { marker } = intent;
  return {
    timestamp: nowMs,
    operation: "STREAMING UPDATE",
    operationParameters: {
      outputMode: isBlindAppend ? "Append" : "Update",
      queryId: appIds[0] ?? "",
      epochId: String(marker.epoch),
    },
    engineInfo: "dataflow",
    isBlindAppend,
    readVersion: snapshot.version,
    txnId: randomUUID(),
    dataflow: { ...marker },
    "dataflow.clock": marker.clock,
  };
}

/** Takes replaced and deleted rows out of the table. */
async function deletionActions(input: CommitInput): Promise<readonly Action[]> {
  const { store } = input.table;
  const changed: { readonly file: LiveFile; readonly rowCount: number; readonly rows: Float64Array }[] = [];
  const actions: Action[] = [];
  for (const [path, places] of await deletedRows(input)) {
    const file = input.snapshot.files.get(path);
    if (file === undefined) {
      throw new DataflowError("DF_BUG", `This is a bug in dataflow: "${path}" is not live in the table`);
    }
    const old = await readVector(store, file.add.deletionVector);
    const rows = mergeRows(old, Float64Array.from(places).sort());
    if (rows.length === old.length) continue;
    actions.push({ remove: removeOf(file.add, input.nowMs) });
    const rowCount = await rowsOf(store, file);
    if (rows.length < rowCount) changed.push({ file, rowCount, rows });
  }
  if (changed.length === 0) return actions;
  const vectors = await writeVectors(
    store,
    changed.map(({ rows }) => rows),
  );
  for (const [i, { file, rowCount }] of changed.entries()) {
    actions.push({ add: withVector(file, rowCount, vectors[i] as VectorDescriptor) });
  }
  return actions;
}

/** Where the replaced and deleted rows lie now: found again by key when somebody has changed files since staging. */
async function deletedRows({
  table,
  snapshot,
  manifest,
  index,
}: CommitInput): Promise<Iterable<readonly [string, readonly number[]]>> {
  if (table.input.change === "append") return [];
  if (snapshot.dataVersion <= manifest.tableVersion)
    return manifest.replaced.map(({ path, rows }) => [path, rows]);
  return findKeys(table, snapshot, changedKeys(await index.decided()));
}

function removeOf(add: AddFile, nowMs: number): RemoveFile {
  return {
    path: add.path,
    deletionTimestamp: nowMs,
    dataChange: true,
    extendedFileMetadata: true,
    partitionValues: add.partitionValues,
    size: add.size,
    ...(add.deletionVector === undefined ? {} : { deletionVector: add.deletionVector }),
  };
}

function withVector({ add }: LiveFile, rowCount: number, deletionVector: VectorDescriptor): AddFile {
  const { stats } = add;
  // A file with a deletion vector must say how many rows it has.
  const loose =
    stats === undefined || recordCount(stats) === undefined
      ? `{"numRecords":${rowCount},"tightBounds":false}`
      : looseStatistics(stats);
  return { ...add, dataChange: true, stats: loose, deletionVector };
}

/** Rows of a file, deleted ones included. */
async function rowsOf(store: ObjectStore, { path, add }: LiveFile): Promise<number> {
  const known = recordCount(add.stats);
  if (known !== undefined) return known;
  const bytes = await store.get(path);
  if (bytes === undefined) {
    throw new DataflowError("DF_DELTA_LOG", `The table's log names the file "${path}", which is not there.`);
  }
  return parquetRowCount(bytes);
}
