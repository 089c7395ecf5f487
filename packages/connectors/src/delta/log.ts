/** The log of a Delta table: commits as `_delta_log/<version>.json`, each put there by whoever comes first. */
import { DataflowError } from "@df/core";
import type { ObjectStore } from "../object-store/object-store.ts";
import { decodeActions, encodeActions } from "./actions.ts";
import type { Action } from "./actions.ts";
import { readCheckpoint } from "./checkpoint.ts";
import type { EncodedCheckpoint } from "./checkpoint.ts";
import { Snapshot } from "./snapshot.ts";
import type { FilesKept } from "./snapshot.ts";

const LOG = "_delta_log/";

/** The commit file of a version. */
export function commitPath(version: number): string {
  return `${LOG}${paddedVersion(version)}.json`;
}

/** The classic checkpoint of a version. */
export function checkpointPath(version: number): string {
  return `${LOG}${paddedVersion(version)}.checkpoint.parquet`;
}

function paddedVersion(version: number): string {
  return String(version).padStart(20, "0");
}

/** Names the last checkpoint; a hint for readers. */
export const LAST_CHECKPOINT: string = `${LOG}_last_checkpoint`;

/**
 * Reads a table's log and writes to it. Between calls a snapshot is kept, and only new commits are read: what it keeps
 * of the table's files is held in memory as long as the log is.
 */
export class TableLog {
  readonly #store: ObjectStore;
  readonly #kept: FilesKept;
  #snapshot: Snapshot | undefined;
  /** Bytes of the snapshot's last commit: a table that was replaced under the same path has others. */
  #last: Uint8Array | undefined;
  /** The newest one that is known of. */
  #checkpoint: Checkpoint | undefined;

  constructor(store: ObjectStore, kept: FilesKept = "all") {
    this.#store = store;
    this.#kept = kept;
  }

  /**
   * The table as it is now; undefined when there is none. The snapshot is updated in place by the next call.
   * @throws DF_DELTA_LOG when commits are missing or damaged
   */
  async refresh(): Promise<Snapshot | undefined> {
    if (this.#snapshot !== undefined && !(await this.#isSame(this.#snapshot))) this.#snapshot = undefined;
    const snapshot = this.#snapshot ?? (await this.#load(this.#kept));
    const known = this.#snapshot === undefined ? await this.#commitBytes(snapshot.base) : this.#last;
    this.#last = (await this.#advance(snapshot)) ?? known;
    if (snapshot.version < 0) return undefined;
    if (snapshot.metaData === undefined || snapshot.protocol === undefined) {
      throw new DataflowError(
        "DF_DELTA_LOG",
        `Version ${snapshot.version} of the table has no schema or no protocol.`,
      );
    }
    this.#snapshot = snapshot;
    return snapshot;
  }

  /**
   * The table with all of its files, at the version of `snapshot` or a later one: read anew from the last checkpoint
   * and the commits behind it, and not kept.
   * @throws DF_DELTA_LOG when commits are missing or damaged
   */
  async whole({ version }: Snapshot): Promise<Snapshot> {
    if (this.#checkpoint !== undefined) {
      const snapshot = await this.#read(this.#checkpoint, "all");
      if (snapshot !== undefined) await this.#advance(snapshot);
      // Otherwise somebody has written a newer checkpoint, and cleaned up what was before it.
      if (snapshot !== undefined && snapshot.version >= version) return snapshot;
    }
    const snapshot = await this.#load("all");
    await this.#advance(snapshot);
    return snapshot;
  }

  /** The table as it was at a version, read anew and not kept; undefined where the log no longer leads there. */
  async at(version: number): Promise<Snapshot | undefined> {
    const { checkpoints } = await this.#list();
    const before = checkpoints.findLast((one) => one.version <= version) ?? NO_CHECKPOINT;
    const snapshot = await this.#read(before, this.#kept);
    if (snapshot === undefined) return undefined;
    await this.#advance(snapshot, version);
    return snapshot.version === version ? snapshot : undefined;
  }

  /** Puts a checkpoint of a version, and the hint that tells of it. */
  async putCheckpoint(version: number, { bytes, actions, files }: EncodedCheckpoint): Promise<void> {
    const path = checkpointPath(version);
    await this.#store.put(path, bytes);
    const hint = { version, size: actions, sizeInBytes: bytes.length, numOfAddFiles: files };
    await this.#store.put(LAST_CHECKPOINT, Buffer.from(JSON.stringify(hint)));
    this.#checkpoint = { version, paths: [path] };
  }

  /** Puts a commit at a version; false when somebody else was first. */
  append(version: number, actions: readonly Action[]): Promise<boolean> {
    // Commit point.
    return this.#store.putIfAbsent(commitPath(version), encodeActions(actions));
  }

  /** Makes a version durable that others may have put there and died before they could; one that is cleaned up was. */
  async keep(version: number): Promise<void> {
    const bytes = await this.#store.get(commitPath(version));
    if (bytes !== undefined) await this.#store.putIfAbsent(commitPath(version), bytes);
  }

  /** The actions of one version; undefined when its file was cleaned up. */
  async commit(version: number): Promise<readonly Action[] | undefined> {
    const bytes = await this.#store.get(commitPath(version));
    return bytes === undefined ? undefined : decodeActions(bytes, commitPath(version));
  }

  /** Versions whose commit files are still there, ascending. */
  async versions(): Promise<readonly number[]> {
    return (await this.#list()).commits;
  }

  async #isSame(snapshot: Snapshot): Promise<boolean> {
    const bytes = await this.#store.get(commitPath(snapshot.version));
    return bytes !== undefined && this.#last !== undefined && Buffer.compare(bytes, this.#last) === 0;
  }

  async #commitBytes(version: number): Promise<Uint8Array | undefined> {
    return version < 0 ? undefined : this.#store.get(commitPath(version));
  }

  /** Reads the commits behind a snapshot, up to a version; the bytes of the last one, undefined where there is none. */
  async #advance(snapshot: Snapshot, through = Infinity): Promise<Uint8Array | undefined> {
    let last: Uint8Array | undefined;
    while (snapshot.version < through) {
      const version = snapshot.version + 1;
      const bytes = await this.#store.get(commitPath(version));
      if (bytes === undefined) return last;
      snapshot.advance(decodeActions(bytes, commitPath(version)), version);
      last = bytes;
    }
    return last;
  }

  /** The table as a checkpoint has it; undefined where that is gone. */
  async #read({ version, paths }: Checkpoint, kept: FilesKept): Promise<Snapshot | undefined> {
    const snapshot = new Snapshot(version, kept);
    for (const path of paths) {
      const bytes = await this.#store.get(path);
      if (bytes === undefined) return undefined;
      snapshot.load(await readCheckpoint(bytes, path, kept));
    }
    return snapshot;
  }

  async #load(kept: FilesKept): Promise<Snapshot> {
    const { commits, checkpoints } = await this.#list();
    const newest = checkpoints.at(-1) ?? NO_CHECKPOINT;
    const snapshot = await this.#read(newest, kept);
    if (snapshot === undefined)
      throw new DataflowError(
        "DF_DELTA_LOG",
        `The checkpoint "${newest.paths.join('", "')}" has gone while reading.`,
      );
    this.#checkpoint = newest;
    const last = commits.at(-1) ?? -1;
    if (last > snapshot.version && !commits.includes(snapshot.version + 1)) {
      throw new DataflowError(
        "DF_DELTA_LOG",
        `"${commitPath(snapshot.version + 1)}" is missing, and there is no classic checkpoint of it or a later version: ` +
          "the table cannot be read.",
      );
    }
    return snapshot;
  }

  async #list(): Promise<Listing> {
    const commits: number[] = [];
    const parts = new Map<
      string,
      { readonly version: number; readonly of: number; readonly paths: string[] }
    >();
    for (const { path } of await this.#store.list(LOG)) {
      const name = path.slice(LOG.length);
      const commit = /^(\d{20})\.json$/.exec(name);
      if (commit !== null) commits.push(Number(commit[1]));
      const checkpoint = /^(\d{20})\.checkpoint(?:\.\d{10}\.(\d{10}))?\.parquet$/.exec(name);
      if (checkpoint === null) continue;
      const version = Number(checkpoint[1]);
      const of = Number(checkpoint[2] ?? "0");
      const known = parts.get(`${version}/${of}`) ?? { version, of, paths: [] };
      known.paths.push(path);
      parts.set(`${version}/${of}`, known);
    }
    const checkpoints = [...parts.values()].filter(({ of, paths }) => of === 0 || paths.length === of);
    return { commits, checkpoints: checkpoints.toSorted((a, b) => a.version - b.version) };
  }
}

/** What lies in the log's folder: versions ascending; checkpoints that are complete. */
interface Listing {
  readonly commits: readonly number[];
  readonly checkpoints: readonly Checkpoint[];
}

/** Where the parts of a checkpoint lie. */
interface Checkpoint {
  readonly version: number;
  readonly paths: readonly string[];
}

/** That of a table which has none: its log is read from the beginning. */
const NO_CHECKPOINT: Checkpoint = { version: -1, paths: [] };
