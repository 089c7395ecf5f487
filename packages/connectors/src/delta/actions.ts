/** The lines of a Delta log (github.com/delta-io/delta/blob/master/PROTOCOL.md, "Actions"). */
import { DataflowError, reasonOf } from "@df/core";
import type { Json } from "@df/core";

/** Where the deleted rows of a file are written down: `u` beside the table by UUID, `i` in place, `p` anywhere. */
export interface VectorDescriptor {
  readonly storageType: string;
  readonly pathOrInlineDv: string;
  /** Bytes from the file's beginning; absent in place. */
  readonly offset?: number;
  /** Of the bitmap, without its length and checksum. */
  readonly sizeInBytes: number;
  /** Deleted rows. */
  readonly cardinality: number;
}

/** A file that becomes part of the table, as the log has it. */
export interface AddFile {
  /** Relative to the table, URL-encoded. */
  readonly path: string;
  readonly partitionValues: Readonly<Record<string, string | null>>;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modificationTime: number;
  readonly dataChange: boolean;
  /** JSON text, kept as it is: its numbers may be larger than a double holds. */
  readonly stats?: string;
  readonly deletionVector?: VectorDescriptor;
  readonly tags?: Readonly<Record<string, string | null>>;
}

/** A file that is part of the table no more; its tombstone. */
export interface RemoveFile {
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly deletionTimestamp?: number;
  readonly dataChange: boolean;
  readonly extendedFileMetadata?: boolean;
  readonly partitionValues?: Readonly<Record<string, string | null>>;
  readonly size?: number;
  readonly deletionVector?: VectorDescriptor;
}

/** The table's schema, partitions and properties. */
export interface MetaData {
  /** The table's identity: another one is another table. */
  readonly id: string;
  readonly name?: string;
  readonly description?: string;
  readonly format: { readonly provider: string; readonly options?: Readonly<Record<string, string>> };
  readonly schemaString: string;
  readonly partitionColumns: readonly string[];
  readonly configuration?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly createdTime?: number;
}

/** What a reader and a writer must be able to do. */
export interface Protocol {
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  readonly readerFeatures?: readonly string[];
  readonly writerFeatures?: readonly string[];
}

/** How far an application has written: part of every checkpoint. */
export interface Txn {
  readonly appId: string;
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly lastUpdated?: number;
}

/** Whatever a writer tells about its commit; not part of checkpoints. */
export type CommitInfo = { readonly [name: string]: Json };

/** One line of the log: exactly one property is there. Lines of other kinds are read as empty actions. */
export interface Action {
  readonly add?: AddFile;
  readonly remove?: RemoveFile;
  readonly metaData?: MetaData;
  readonly protocol?: Protocol;
  readonly txn?: Txn;
  readonly commitInfo?: CommitInfo;
}

/** The bytes of a commit file. */
export function encodeActions(actions: readonly Action[]): Uint8Array {
  return Buffer.from(actions.map((action) => `${JSON.stringify(action)}\n`).join(""));
}

/**
 * The actions of a commit file; null and absent properties are the same, except in maps.
 * @throws DF_DELTA_LOG naming the file and line that is no JSON object
 */
export function decodeActions(bytes: Uint8Array, file: string): Action[] {
  const actions: Action[] = [];
  for (const [line, text] of Buffer.from(bytes).toString("utf8").split("\n").entries()) {
    if (text.trim() === "") continue;
    try {
      actions.push(cleanAction(JSON.parse(text)));
    } catch (error) {
      throw new DataflowError(
        "DF_DELTA_LOG",
        `Line ${line + 1} of "${file}" is no Delta action: ${reasonOf(error)}. The log was damaged or written by hand.`,
        { cause: error },
      );
    }
  }
  return actions;
}

/** Maps, where null is a value. */
const MAPS: ReadonlySet<string> = new Set(["partitionValues", "tags", "configuration", "options"]);

/**
 * An action as a JSON line or a checkpoint row has it, without nulls and bigints. Numbers of the log fit a double.
 * @throws TypeError for anything but an object
 */
export function cleanAction(value: unknown): Action {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new TypeError("it is no object");
  const { commitInfo, ...others } = value as { readonly commitInfo?: CommitInfo | null };
  const action = cleaned(others) as Action;
  if (action.add !== undefined && typeof action.add.path !== "string") throw new TypeError("add has no path");
  if (action.remove !== undefined && typeof action.remove.path !== "string")
    throw new TypeError("remove has no path");
  return commitInfo === undefined || commitInfo === null ? action : { ...action, commitInfo };
}

function cleaned(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => cleaned(item));
  const entries: [string, unknown][] = [];
  for (const [name, item] of Object.entries(value)) {
    if (item === null || item === undefined) continue;
    entries.push([name, MAPS.has(name) ? cleanedMap(item) : cleaned(item)]);
  }
  return Object.fromEntries(entries);
}

function cleanedMap(value: unknown): unknown {
  return Object.fromEntries(
    Object.entries(value as object).map(([name, item]) => [name, (item as unknown) ?? null]),
  );
}

/** Where a file of the log lies in the store: relative to the table, decoded. */
export function storePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // Some writers leave a lone percent sign as it is.
    return path;
  }
}

/** A path as the log writes it. */
export function logPath(path: string): string {
  return encodeURI(path);
}

/** Tells deletion vectors apart; "" without one. */
export function vectorId(vector: VectorDescriptor | undefined): string {
  return vector === undefined ? "" : `${vector.storageType}${vector.pathOrInlineDv}@${vector.offset ?? ""}`;
}
