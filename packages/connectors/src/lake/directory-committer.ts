/**
 * Commits data files to a directory: exactly once for readers of the manifest (`readManifest`), effectively once for
 * those that read all of its data files by pattern.
 *
 * The order decides it. Files are staged under hidden names; a commit first gives them their names, then puts
 * `_commits/<version>.json`, the only compare-and-swap. So the manifest never names a file that is not there. Dying in
 * between leaves named files that the stored intent will commit again, finding them named: a pattern reader sees these
 * rows early, never twice. Only if the state is lost at that moment, or another lineage wins the race, do they stay
 * without ever being committed.
 *
 * Commits are numbered by version, not by epoch: of two writers with any epochs at all, one fails to take the next
 * version and then reads what the other one wrote.
 */
import { randomUUID } from "node:crypto";
import { DataflowError, isShown, NO_CHANGES } from "@df/core";
import type { Committer, CommitterContext, Intent, Json, Marker, Staged, StageRequest } from "@df/core";
import { ContentHash } from "@df/core/batch/canonical";
import { raceTest } from "../object-store/object-store.ts";
import type { ObjectStore } from "../object-store/object-store.ts";
import { checkTable } from "./check-table.ts";
import type { DirectoryFormat } from "./directory-format.ts";
import {
  commitPath,
  encodeCommit,
  encodeJson,
  isFiles,
  lastVersion,
  readCommit,
  readTable,
  TABLE_PATH,
  tableColumns,
} from "./manifest.ts";
import type { Commit, CommittedFile, TableInfo } from "./manifest.ts";
import { nameFile, nameOwnFile } from "./staged-file.ts";
import type { TableOptions } from "./table-options.ts";

/** Lost races for a version before a commit gives up for this time. */
const ATTEMPTS_MAX = 20;

/** Makes the files of a `DirectoryFormat` a table of the store. */
export class DirectoryCommitter implements Committer {
  readonly readsInPassing?: true;
  readonly #store: ObjectStore;
  readonly #options: TableOptions;
  readonly #context: CommitterContext;
  readonly #format: DirectoryFormat;
  #table: TableInfo | undefined;
  /** The last commit that was seen; undefined before the first one. */
  #last: Commit | undefined;
  #hasListed = false;
  /** Paths of the files that were staged last, by this process. */
  #own: Set<string> = new Set();

  constructor(store: ObjectStore, options: TableOptions, context: CommitterContext, format: DirectoryFormat) {
    if (format.readsInPassing === true) this.readsInPassing = true;
    this.#store = store;
    this.#options = options;
    this.#context = context;
    this.#format = format;
  }

  async prepare(): Promise<void> {
    const { pipeline, sink, delivered, muted = false } = this.#context;
    if (!muted) await raceTest(this.#store);
    const { format, contents, schema } = this.#format;
    let table = await readTable(this.#store, format);
    if (table === undefined && delivered === undefined) {
      if (muted) return;
      const created: TableInfo = {
        format,
        formatVersion: 1,
        tableId: randomUUID(),
        pipeline,
        sink,
        contents,
        columns: tableColumns(schema),
        partitionBy: this.#options.partitionBy,
      };
      await this.#store.putIfAbsent(TABLE_PATH, encodeJson(created as unknown as Json));
      table = await readTable(this.#store, format);
    }
    const known = recordOf(delivered?.state);
    if (table === undefined || (known !== undefined && table.tableId !== known.tableId)) {
      throw new DataflowError(
        "DF_SINK_REPLACED",
        `${this.#there()} that sink "${sink}" has written to is gone` +
          `${table === undefined ? "" : ", another one lies in its place"}. ` +
          "Put it back, or start anew with a new state directory and a new path.",
      );
    }
    checkTable(table, this.#options, this.#context, this.#format);
    this.#table = table;
  }

  async marker(): Promise<Marker | undefined> {
    const known = recordOf(this.#context.delivered?.state);
    // What this process has seen last, and, before that, what the state knows.
    const seen = this.#last && { version: this.#last.version, hash: this.#last.marker.hash };
    const { version, hash } = seen ?? known ?? { version: 0, hash: null };
    await this.#advance();
    if (version > 0 && (await readCommit(this.#store, version))?.marker.hash !== hash)
      throw await this.#rolledBack(version);
    return this.#last?.marker;
  }

  async stage(request: StageRequest): Promise<Staged> {
    await this.#advance();
    const { muted = false, delivered } = this.#context;
    const before = (muted ? delivered : this.#last?.marker)?.contentHash;
    const contentHash = before === undefined ? new ContentHash() : ContentHash.parse(before);
    const files = await this.#format.stage(request, contentHash);
    this.#own = new Set(files.map(({ path }) => path));
    const rows = files.reduce((sum, file) => sum + file.rows, 0);
    const manifest = { files: muted ? [] : files } as unknown as Json;
    return { manifest, index: NO_CHANGES, contentHash: contentHash.toString(), rows };
  }

  async commit(intent: Intent): Promise<{ readonly version: string; readonly state: Json }> {
    const { marker } = intent;
    const files = this.#filesOf(intent.manifest);
    const bytes = encodeCommit({ marker, files });
    let areNamed = false;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      await this.#advance();
      if (isShown(this.#last?.marker, intent, this.#there())) {
        // Makes durable what a writer that was killed may have left without its fsync.
        await this.#store.putIfAbsent(commitPath(this.#last?.version ?? 0), bytes);
        return this.#delivered();
      }
      if (files.length === 0) return this.#delivered();
      if (!areNamed) for (const file of files) await this.#name(file);
      areNamed = true;
      const version = (this.#last?.version ?? 0) + 1;
      // Commit point.
      const won = await this.#store.putIfAbsent(commitPath(version), bytes);
      if (!won) continue;
      this.#last = { version, marker, files };
      return this.#delivered();
    }
    throw new DataflowError(
      "DF_SINK_CONFLICT",
      `${ATTEMPTS_MAX} times in a row another writer committed to "${this.#options.path}" first. ` +
        "Give each pipeline a directory of its own.",
      { transient: true },
    );
  }

  async close(): Promise<void> {
    await this.#format.close();
  }

  /** What this process has staged is trusted once: a delivery that is tried again may come upon anything. */
  async #name(file: CommittedFile): Promise<void> {
    const isOwn = this.#own.delete(file.path);
    if (isOwn && (await nameOwnFile(this.#store, file))) return;
    await nameFile(this.#store, file, this.#options.path);
  }

  #there(): string {
    return `The ${this.#format.noun} at "${this.#options.path}"`;
  }

  /** A version that this process has seen, or the state knows, is gone or another one. */
  async #rolledBack(version: number): Promise<DataflowError> {
    const last = await lastVersion(this.#store);
    const commit = await readCommit(this.#store, last);
    return new DataflowError(
      "DF_SINK_ROLLED_BACK",
      `${this.#there()} no longer has version ${version} as sink "${this.#context.sink}" wrote it; its last one is ` +
        `${last}${commit === undefined ? "" : ` (epoch ${commit.marker.epoch})`}. ` +
        "Put the commits back, or start anew with a new state directory and a new path.",
    );
  }

  /** Reads the commits that are new since the last look: the first time the last one of the listing. */
  async #advance(): Promise<void> {
    if (!this.#hasListed) {
      const version = await lastVersion(this.#store);
      this.#last = version === 0 ? undefined : await readCommit(this.#store, version);
      this.#hasListed = true;
    }
    for (;;) {
      const next = await readCommit(this.#store, (this.#last?.version ?? 0) + 1);
      if (next === undefined) return;
      this.#last = next;
    }
  }

  async #delivered(): Promise<{ readonly version: string; readonly state: Json }> {
    this.#table ??= await readTable(this.#store, this.#format.format);
    const version = this.#last?.version ?? 0;
    const state = { tableId: this.#table?.tableId ?? null, version, hash: this.#last?.marker.hash ?? null };
    return { version: String(version), state };
  }

  #filesOf(manifest: Json): readonly CommittedFile[] {
    const files =
      typeof manifest === "object" && manifest !== null && "files" in manifest
        ? manifest["files"]
        : undefined;
    if (isFiles(files)) return files;
    throw new DataflowError(
      "DF_SINK_CORRUPT",
      `An intent for the ${this.#format.noun} at "${this.#options.path}" has no list of files.`,
    );
  }
}

interface DeliveredRecord {
  readonly tableId: string;
  readonly version: number;
  readonly hash: string | null;
}

function recordOf(state: Json | undefined): DeliveredRecord | undefined {
  return state === undefined ? undefined : (state as unknown as DeliveredRecord);
}
