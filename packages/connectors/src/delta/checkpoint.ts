/** Classic checkpoints: the whole table state as one Parquet file, so that readers need not replay the log. */
import { assert, DataflowError, reasonOf } from "@df/core";
import { readRecords, writeRecords } from "@df/formats/parquet/records";
import { cleanAction } from "./actions.ts";
import type { Action, AddFile, RemoveFile, VectorDescriptor } from "./actions.ts";
import { CHECKPOINT_SCHEMA } from "./checkpoint-schema.ts";
import type { FilesKept, Snapshot } from "./snapshot.ts";

const KINDS = ["txn", "add", "remove", "metaData", "protocol"] as const;
const WEEK_MS = 7 * 86_400_000;

/** Of a checkpoint, what is no file. */
const HEAD_KINDS = ["txn", "metaData", "protocol"] as const;

/**
 * The actions of a checkpoint file, or of one part of it; with `kept` "none" those of files are empty.
 * @throws DF_DELTA_LOG when it cannot be read
 */
export async function readCheckpoint(
  bytes: Uint8Array,
  path: string,
  kept: FilesKept = "all",
): Promise<readonly Action[]> {
  try {
    return (await readRecords(bytes, kept === "none" ? HEAD_KINDS : KINDS)).map((record) =>
      cleanAction(record),
    );
  } catch (error) {
    throw new DataflowError("DF_DELTA_LOG", `The checkpoint "${path}" cannot be read: ${reasonOf(error)}.`, {
      cause: error,
    });
  }
}

/** A checkpoint's file and what `_last_checkpoint` says of it. */
export interface EncodedCheckpoint {
  readonly bytes: Uint8Array;
  readonly actions: number;
  readonly files: number;
}

/**
 * Encodes the table's present state, of which the snapshot must have all files. Those removed longer ago than the table
 * keeps them for are left out.
 * @param nowMs milliseconds since 1970
 */
export function encodeCheckpoint(snapshot: Snapshot, nowMs: number): EncodedCheckpoint {
  assert(snapshot.kept === "all", "a checkpoint holds all files of its table");
  const oldest =
    nowMs - retentionMs(snapshot.metaData?.configuration?.["delta.deletedFileRetentionDuration"]);
  const removed = [...snapshot.tombstones.values()].filter(
    ({ deletionTimestamp = 0 }) => deletionTimestamp >= oldest,
  );
  const rows: Partial<Record<(typeof KINDS)[number], object>>[] = [];
  const { protocol, metaData } = snapshot;
  rows.push({ protocol: protocol ?? {} });
  rows.push({ metaData: metaDataRecord(metaData) });
  for (const txn of snapshot.txns.values()) {
    rows.push({ txn: { ...txn, version: BigInt(txn.version), lastUpdated: long(txn.lastUpdated) } });
  }
  for (const { add } of snapshot.files.values()) rows.push({ add: addRecord(add) });
  for (const remove of removed) rows.push({ remove: removeRecord(remove) });
  const columns = KINDS.map((name) => ({ name, data: rows.map((row) => row[name] ?? null) }));
  return {
    bytes: writeRecords(CHECKPOINT_SCHEMA, columns),
    actions: rows.length,
    files: snapshot.files.size,
  };
}

function metaDataRecord(metaData: Snapshot["metaData"]): object {
  const format = {
    provider: metaData?.format.provider ?? "parquet",
    options: pairs(metaData?.format.options ?? {}),
  };
  return {
    ...metaData,
    format,
    configuration: pairs(metaData?.configuration ?? {}),
    createdTime: long(metaData?.createdTime),
  };
}

function addRecord(add: AddFile): object {
  return {
    path: add.path,
    partitionValues: pairs(add.partitionValues),
    size: BigInt(add.size),
    modificationTime: BigInt(add.modificationTime),
    // Files of a checkpoint are no change.
    dataChange: false,
    stats: add.stats ?? null,
    tags: add.tags === undefined ? null : pairs(add.tags),
    deletionVector: vectorRecord(add.deletionVector),
  };
}

function removeRecord(remove: RemoveFile): object {
  return {
    path: remove.path,
    deletionTimestamp: long(remove.deletionTimestamp),
    dataChange: false,
    extendedFileMetadata: remove.partitionValues !== undefined && remove.size !== undefined,
    partitionValues: remove.partitionValues === undefined ? null : pairs(remove.partitionValues),
    size: long(remove.size),
    deletionVector: vectorRecord(remove.deletionVector),
  };
}

function vectorRecord(vector: VectorDescriptor | undefined): object | null {
  return vector === undefined ? null : { ...vector, cardinality: BigInt(vector.cardinality) };
}

function long(value: number | undefined): bigint | null {
  return value === undefined ? null : BigInt(value);
}

function pairs(
  map: Readonly<Record<string, string | null>>,
): { readonly key: string; readonly value: string | null }[] {
  return Object.entries(map).map(([key, value]) => ({ key, value }));
}

const UNITS_MS: Readonly<Record<string, number>> = {
  millisecond: 1,
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: WEEK_MS,
};

/** How long a table keeps removed files in mind: "interval 30 days". What is not understood counts as for ever. */
export function retentionMs(interval: string | undefined): number {
  if (interval === undefined) return WEEK_MS;
  const words = interval
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "interval" && word !== "");
  let total = 0;
  for (let i = 0; i < words.length; i += 2) {
    const count = Number(words[i]);
    const unit = UNITS_MS[(words[i + 1] ?? "").replace(/s$/, "")];
    if (unit === undefined || !(count >= 0)) return Number.POSITIVE_INFINITY;
    total += count * unit;
  }
  return words.length === 0 ? Number.POSITIVE_INFINITY : total;
}
