/** The files that make a directory of data files a table: `_table.json`, and one `_commits/<version>.json` per commit. */
import { DataflowError, reasonOf, typeName } from "@df/core";
import type { Field, Json, Marker, Schema } from "@df/core";
import type { ObjectStore } from "../object-store/object-store.ts";

/** A data file that a commit has made part of the table. */
export interface CommittedFile {
  /** Relative to the table's directory. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly rows: number;
  /** CRC-32 of the whole file. */
  readonly crc32: number;
  /** The partition columns' values as text, in their order. */
  readonly partition: readonly (string | null)[];
}

/** One commit: versions count from 1 without gaps. */
export interface Commit {
  readonly version: number;
  readonly marker: Marker;
  readonly files: readonly CommittedFile[];
}

/** What was said of the table when it was created. */
export interface TableInfo {
  /** The connector's mark: "dataflow-parquet". */
  readonly format: string;
  readonly formatVersion: 1;
  /** Tells this table from one that is later put in its place. */
  readonly tableId: string;
  readonly pipeline: string;
  readonly sink: string;
  /** In words, what is in the files: "upserts by (id) as JSON Lines". Absent where the format says it all. */
  readonly contents?: string | undefined;
  readonly columns: readonly TableColumn[];
  readonly partitionBy: readonly string[];
}

/** A column as the table's description has it. */
export interface TableColumn {
  readonly name: string;
  /** As `typeName` writes it: "int64", "decimal(18,2)". */
  readonly type: string;
  readonly nullable: boolean;
}

/** Where the table's description and its commits lie, below its root. */
export const TABLE_PATH = "_table.json";
export const COMMITS = "_commits/";

/** The path of a commit. 20 digits: names sort as versions do. */
export function commitPath(version: number): string {
  return `${COMMITS}${String(version).padStart(20, "0")}.json`;
}

/** The columns of a schema as the table records them. */
export function tableColumns(schema: Schema): TableColumn[] {
  return schema.fields.map(({ name, type, nullable }: Field) => ({ name, type: typeName(type), nullable }));
}

/** The bytes of a commit's file. */
export function encodeCommit({ marker, files }: Omit<Commit, "version">): Uint8Array {
  return encodeJson({ marker, files } as unknown as Json);
}

/** The bytes of a JSON file: indented, with a newline at its end. */
export function encodeJson(value: Json): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, undefined, 1)}\n`);
}

/**
 * The table's description; undefined where there is no table.
 * @throws DF_SINK_CORRUPT when it cannot be read, or describes a table of another format
 */
export async function readTable(store: ObjectStore, format: string): Promise<TableInfo | undefined> {
  const found = await readJson(store, TABLE_PATH);
  if (found === undefined) return undefined;
  const { formatVersion, tableId, columns, partitionBy } = found;
  if (typeof tableId !== "string" || !Array.isArray(columns) || !Array.isArray(partitionBy)) {
    throw corrupt(TABLE_PATH, "it does not describe a table");
  }
  if (found["format"] !== format) {
    throw corrupt(
      TABLE_PATH,
      `it describes a table of format ${JSON.stringify(found["format"])}, not "${format}"`,
    );
  }
  if (formatVersion !== 1) {
    throw corrupt(TABLE_PATH, `it has format version ${JSON.stringify(formatVersion)}, this program knows 1`);
  }
  return found as unknown as TableInfo;
}

/** A commit; undefined where there is none of that version. @throws DF_SINK_CORRUPT when it cannot be read */
export async function readCommit(store: ObjectStore, version: number): Promise<Commit | undefined> {
  const path = commitPath(version);
  const found = await readJson(store, path);
  if (found === undefined) return undefined;
  const { marker, files } = found as { marker?: Partial<Marker>; files?: unknown };
  const isCommit =
    typeof marker === "object" &&
    Number.isSafeInteger(marker.epoch) &&
    typeof marker.hash === "string" &&
    typeof marker.lineage === "string" &&
    typeof marker.contentHash === "string";
  if (!isCommit || !isFiles(files)) throw corrupt(path, "it holds no marker and files");
  return { version, marker: marker as Marker, files };
}

/** Whether a value read from JSON is a list of files. */
export function isFiles(value: unknown): value is readonly CommittedFile[] {
  return (
    Array.isArray(value) &&
    value.every(
      (file: Partial<CommittedFile> | null) =>
        typeof file?.path === "string" &&
        Number.isSafeInteger(file.size) &&
        Number.isSafeInteger(file.rows) &&
        Number.isSafeInteger(file.crc32) &&
        Array.isArray(file.partition),
    )
  );
}

/** The highest version there is; 0 without commits. */
export async function lastVersion(store: ObjectStore): Promise<number> {
  let last = 0;
  for (const { path } of await store.list(COMMITS)) {
    const match = /^_commits\/(\d{20})\.json$/.exec(path);
    if (match !== null) last = Math.max(last, Number(match[1]));
  }
  return last;
}

/**
 * All that is committed: the files that are the table's rows, each exactly once, at one version.
 * @throws DF_SINK_CORRUPT when a commit is missing or cannot be read
 */
export async function readManifest(store: ObjectStore): Promise<{
  readonly version: number;
  readonly marker: Marker | undefined;
  readonly files: readonly CommittedFile[];
}> {
  const version = await lastVersion(store);
  const files: CommittedFile[] = [];
  let marker: Marker | undefined;
  for (let at = 1; at <= version; at++) {
    const commit = await readCommit(store, at);
    if (commit === undefined) throw corrupt(commitPath(at), "it is missing, and later commits are there");
    for (const file of commit.files) files.push(file);
    ({ marker } = commit);
  }
  return { version, marker, files };
}

async function readJson(store: ObjectStore, path: string): Promise<Record<string, unknown> | undefined> {
  const bytes = await store.get(path);
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    throw corrupt(path, reasonOf(error), error);
  }
  throw corrupt(path, "it is not a JSON object");
}

function corrupt(path: string, reason: string, cause?: unknown): DataflowError {
  return new DataflowError(
    "DF_SINK_CORRUPT",
    `The file "${path}" of a table cannot be used: ${reason}. Restore it from a backup, or write to a new path.`,
    { cause },
  );
}
