/** What a Delta table consists of at one version, kept up to date as commits are read. */
import type { Json, Marker } from "@df/core";
import { storePath, vectorId } from "./actions.ts";
import type { Action, AddFile, CommitInfo, MetaData, Protocol, RemoveFile, Txn } from "./actions.ts";

/** A commit of a pipeline's sink, as its commit file tells. */
export interface MarkedCommit {
  readonly marker: Marker;
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

/** Somebody has set the table back. */
export interface Restore {
  readonly version: number;
  /** The version it shows again, or the time of it in milliseconds since 1970. */
  readonly to: { readonly version: number } | { readonly timestamp: number };
}

/** A file that is part of the table; `path` is decoded, relative to the table. */
export interface LiveFile {
  readonly path: string;
  readonly add: AddFile;
}

/**
 * What a snapshot has of the table's files: none, those that are live, or also those that were removed. They are the
 * part of it that grows with every commit.
 */
export type FilesKept = "none" | "live" | "all";

/** The table at one version: its metadata, the commits that carry markers, and its files as far as they are kept. */
export class Snapshot {
  /** −1 before the first commit. */
  version = -1;
  /** The version of the checkpoint it was read from, −1 without: commits up to it were not looked at. */
  readonly base: number;
  protocol: Protocol | undefined;
  metaData: MetaData | undefined;
  readonly kept: FilesKept;
  /** Live files by decoded path, where they are kept. */
  readonly files: Map<string, LiveFile> = new Map();
  /** Removed files, by path and deletion vector, for readers of older versions: where they are kept. */
  readonly tombstones: Map<string, RemoveFile> = new Map();
  readonly txns: Map<string, Txn> = new Map();
  /** The last commit of each application that was seen since `base` and carries a marker. */
  readonly marked: Map<string, MarkedCommit> = new Map();
  /** Since `base`. */
  readonly restores: Restore[] = [];
  /** The last version that added or removed files; never below the real one. */
  dataVersion: number;

  constructor(base = -1, kept: FilesKept = "all") {
    this.base = base;
    this.kept = kept;
    this.version = base;
    this.dataVersion = base;
  }

  /** Applies the rows of a checkpoint. */
  load(actions: Iterable<Action>): void {
    for (const action of actions) this.#apply(action);
  }

  /** Applies the next commit. */
  advance(actions: readonly Action[], version: number): void {
    let info: CommitInfo | undefined;
    for (const action of actions) {
      this.#apply(action);
      if (action.add !== undefined || action.remove !== undefined) this.dataVersion = version;
      info ??= action.commitInfo;
    }
    this.version = version;
    const timestamp = numberOf(info?.["timestamp"]) ?? 0;
    const marker = markerOf(info);
    for (const { txn } of actions) {
      if (txn === undefined) continue;
      if (marker === undefined) this.marked.delete(txn.appId);
      else this.marked.set(txn.appId, { marker, version, timestamp });
    }
    const restore = restoreOf(info, version);
    if (restore !== undefined) this.restores.push(restore);
  }

  #apply(action: Action): void {
    if (this.kept !== "none") this.#applyFile(action);
    const { txn, metaData, protocol } = action;
    if (txn !== undefined) this.txns.set(txn.appId, txn);
    if (metaData !== undefined) this.metaData = metaData;
    if (protocol !== undefined) this.protocol = protocol;
  }

  #applyFile({ add, remove }: Action): void {
    if (add !== undefined) {
      const path = storePath(add.path);
      this.files.set(path, { path, add });
      this.tombstones.delete(`${path}\0${vectorId(add.deletionVector)}`);
    }
    if (remove === undefined) return;
    const path = storePath(remove.path);
    const vector = vectorId(remove.deletionVector);
    // A file whose vector is replaced is removed with the old and added with the new one, in any order.
    if (vectorId(this.files.get(path)?.add.deletionVector) === vector) this.files.delete(path);
    if (this.kept === "all") this.tombstones.set(`${path}\0${vector}`, remove);
  }
}

/** The marker that a commit carries beside its data. */
export function markerOf(info: CommitInfo | undefined): Marker | undefined {
  const marker = info?.["dataflow"];
  return typeof marker === "object" && marker !== null && "epoch" in marker
    ? (marker as unknown as Marker)
    : undefined;
}

/** What a commit set the table back to, if it did. */
export function restoreOf(info: CommitInfo | undefined, version: number): Restore | undefined {
  if (info?.["operation"] !== "RESTORE") return undefined;
  const parameters = info["operationParameters"] as { readonly [name: string]: Json } | null | undefined;
  const to = numberOf(parameters?.["version"]);
  if (to !== undefined) return { version, to: { version: to } };
  // Spark and delta-rs write the time as text; one that cannot be read counts as the beginning, which is refused.
  const text = parameters?.["timestamp"] ?? parameters?.["datetime"];
  const timestamp =
    typeof text === "string" ? Date.parse(text.replaceAll('"', "")) : (numberOf(text) ?? Number.NaN);
  return { version, to: { timestamp: Number.isNaN(timestamp) ? 0 : timestamp } };
}

/** Writers disagree on whether parameters are numbers or text. */
function numberOf(value: Json | undefined): number | undefined {
  const number = typeof value === "string" && value !== "" ? Number(value.replaceAll('"', "")) : value;
  return typeof number === "number" && !Number.isNaN(number) ? number : undefined;
}
