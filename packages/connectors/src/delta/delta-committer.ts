/** Shows the rows of a sink in a Delta table, exactly once. */
import { setTimeout as sleep } from "node:timers/promises";
import { DataflowError, isShown, NO_CHANGES } from "@df/core";
import type { Committer, CommitterContext, Intent, Json, Marker, Staged, StageRequest } from "@df/core";
import { parquetEncoder } from "@df/formats";
import type { ParquetEncoder } from "@df/formats/parquet/encoder";
import { mutedStore } from "../object-store/muted-store.ts";
import type { ObjectStore } from "../object-store/object-store.ts";
import { NO_CONTENT, stageAppend } from "./append.ts";
import { encodeCheckpoint } from "./checkpoint.ts";
import { commitActions } from "./commit-actions.ts";
import type { DataFileOptions } from "./data-files.ts";
import { indexEntries } from "./key-rows.ts";
import type { KeyedTable } from "./key-rows.ts";
import { TableLog } from "./log.ts";
import { isEmpty, manifestJson, parseManifest } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";
import { MarkerReader, stateJson, stateOf } from "./marker.ts";
import type { DeliveredState } from "./marker.ts";
import { Snapshot } from "./snapshot.ts";
import type { MarkedCommit } from "./snapshot.ts";
import { checkTable, createActions, isKeyed } from "./table.ts";
import type { DeltaTarget } from "./table.ts";
import { stageUpsert } from "./upsert.ts";

/** Versions between two checkpoints of ours. */
const CHECKPOINT_EVERY = 10;
/** Times that a commit is tried when others are always first. */
const ATTEMPTS_MAX = 50;
/** Times that the store may fail without saying what became of the commit. */
const FAILURES_MAX = 3;
const BACK_OFF_MAX_MS = 1_000;
/** Files of a delivery that are kept in mind, to know our rows again when the log is cleaned up. */
const REMEMBERED_FILES = 8;

/** What a committer reaches the world through. */
export interface DeltaPorts {
  readonly store: ObjectStore;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
  readonly wait?: ((ms: number) => Promise<unknown>) | undefined;
  readonly encoder?: ParquetEncoder | undefined;
}

/** The committer of one sink's table. See README.md for what it does to the log. */
export class DeltaCommitter implements Committer {
  readonly letsGo: boolean;
  readonly readsInPassing?: true;
  readonly #target: DeltaTarget;
  readonly #context: CommitterContext;
  readonly #store: ObjectStore;
  readonly #log: TableLog;
  readonly #markers: MarkerReader;
  readonly #table: KeyedTable;
  readonly #files: DataFileOptions;
  /** Of the sink, and of the ids that it had before: a state from then knows the table's marker too. */
  readonly #appIds: readonly string[];
  readonly #now: () => number;
  readonly #wait: (ms: number) => Promise<unknown>;
  /** Staged by this process, so known to be there. */
  readonly #staged: Set<string> = new Set();
  #tableId: string | undefined;
  #contentHash: string;
  #indexKnown: boolean;

  constructor(target: DeltaTarget, ports: DeltaPorts) {
    const { context, partitionBy } = target;
    this.letsGo = !isKeyed(context.input);
    // Of retractions rows are kept until it is known what becomes of their keys; upserts are read again.
    if (context.input.change === "upsert") this.readsInPassing = true;
    this.#target = target;
    this.#context = context;
    this.#store = ports.store;
    // A table that appends needs its files for checkpoints alone.
    this.#log = new TableLog(ports.store, isKeyed(context.input) ? "live" : "none");
    const { pipeline, sink, formerIds = [] } = context;
    this.#appIds = [sink, ...formerIds].map((id) => `dataflow/${pipeline}/${id}`);
    this.#markers = new MarkerReader(this.#log, this.#appIds, context);
    this.#table = { store: ports.store, input: context.input, partitionBy };
    const encoder = ports.encoder ?? parquetEncoder();
    const store = context.muted === true ? mutedStore(ports.store) : ports.store;
    this.#files = { store, encoder, schema: context.input.schema, partitionBy };
    this.#now = ports.now ?? Date.now;
    this.#wait = ports.wait ?? ((ms) => sleep(ms));
    const state = stateOf(context.delivered);
    this.#tableId = state?.tableId;
    this.#contentHash = context.delivered?.contentHash ?? NO_CONTENT;
    this.#indexKnown = state?.indexKnown ?? true;
  }

  async prepare(): Promise<void> {
    let snapshot = await this.#log.refresh();
    if (snapshot === undefined) {
      if (this.#tableId !== undefined) throw this.#replaced("it is gone");
      if (this.#context.muted === true) return;
      await this.#log.append(0, createActions(this.#target, this.#now()));
      snapshot = await this.#current();
    }
    this.#checkIdentity(snapshot);
    checkTable(snapshot, this.#target);
  }

  async marker(): Promise<Marker | undefined> {
    const snapshot = await this.#log.refresh();
    if (snapshot === undefined) {
      if (this.#tableId !== undefined) throw this.#replaced("it is gone");
      return undefined;
    }
    this.#checkIdentity(snapshot);
    return (await this.#markers.find(snapshot))?.marker;
  }

  async stage(request: StageRequest): Promise<Staged> {
    const snapshot = await this.#current();
    checkTable(snapshot, this.#target);
    const { metaData } = snapshot;
    const base = {
      format: 1 as const,
      tableId: this.#checkIdentity(snapshot),
      tableVersion: snapshot.version,
      schemaString: metaData?.schemaString ?? "",
      partitionColumns: metaData?.partitionColumns ?? [],
    };
    if (!isKeyed(this.#context.input)) {
      const staged = await stageAppend(request, this.#context.input, this.#contentHash, this.#files);
      return this.#finish(
        { ...base, replaced: [], deletedKeys: [], files: staged.files, rows: staged.rows },
        staged,
      );
    }
    await this.#ensureIndex(snapshot);
    const given = { batches: request.batches, again: () => this.#context.held(request.through) };
    const staged = await stageUpsert(given, this.#context.input, this.#context.index, this.#files);
    const { files, replaced, deletedKeys, rows } = staged;
    return this.#finish({ ...base, files, replaced, deletedKeys, rows }, staged);
  }

  #finish(
    manifest: Manifest,
    staged: Pick<Staged, "contentHash" | "rows"> & Partial<Pick<Staged, "index">>,
  ): Staged {
    const { contentHash, rows, index = NO_CHANGES } = staged;
    if (this.#context.muted === true) {
      const nothing = { ...manifest, files: [], replaced: [], deletedKeys: [] };
      return { manifest: manifestJson(nothing), index: NO_CHANGES, contentHash, rows };
    }
    for (const { path } of manifest.files) this.#staged.add(path);
    return { manifest: manifestJson(manifest), index, contentHash, rows };
  }

  /** The index is a cache of the table at one version: built again when somebody else has changed rows since. */
  async #ensureIndex(snapshot: Snapshot): Promise<void> {
    const { index, muted } = this.#context;
    const version = await index.version();
    if (muted === true) return this.#ensureMuted(version);
    const isTrue = version !== undefined && this.#indexKnown && snapshot.dataVersion <= Number(version);
    if (isTrue && Number(version) <= snapshot.version) return;
    await index.rebuild(indexEntries(this.#table, snapshot), String(snapshot.version));
    this.#indexKnown = true;
  }

  /** What the index knows are the rows of the state, and not those that the table shows by now. */
  async #ensureMuted(version: string | undefined): Promise<void> {
    const { delivered, index, sink } = this.#context;
    // One that was built again behind the last delivery has what others had changed before it.
    if (version !== undefined && (this.#indexKnown || version !== delivered?.version)) return;
    const known = delivered === undefined ? new Snapshot() : await this.#log.at(Number(delivered.version));
    if (known !== undefined) {
      await index.rebuild(indexEntries(this.#table, known), String(known.version));
      this.#indexKnown = true;
    } else if (version === undefined) {
      throw new DataflowError(
        "DF_ADOPT_TARGET",
        `The state has no key index of the table "${this.#target.path}" of sink "${sink}", and the table's log no longer ` +
          `leads to version ${delivered?.version ?? -1}, which the state has delivered: what the table should show cannot be told. ` +
          "Use the state that wrote it or a newer copy of it, or a new state directory and a new target.",
      );
    }
  }

  async commit(intent: Intent): Promise<{ readonly version: string; readonly state: Json }> {
    const manifest = parseManifest(intent.manifest);
    let failures = 0;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      if (attempt > 0) await this.#wait(Math.min(BACK_OFF_MAX_MS, 2 ** attempt));
      const snapshot = await this.#current();
      this.#checkIdentity(snapshot, manifest);
      const found = await this.#markers.find(snapshot);
      if (isShown(found?.marker, intent, `The table "${this.#target.path}"`) && found !== undefined) {
        await this.#log.keep(found.version);
        return this.#delivered(intent, manifest, found.version, found.version === manifest.tableVersion + 1);
      }
      const indexKnown = snapshot.dataVersion <= manifest.tableVersion;
      if (isEmpty(manifest)) {
        await this.#log.keep(snapshot.version);
        return this.#nothing(intent, snapshot, found, indexKnown);
      }
      this.#checkSchema(snapshot, manifest);
      if (attempt === 0) await this.#checkStaged(manifest);
      const { version } = snapshot;
      const actions = await commitActions({
        table: this.#table,
        snapshot,
        intent,
        manifest,
        index: this.#context.index,
        appIds: this.#appIds,
        nowMs: this.#now(),
      });
      try {
        if (!(await this.#log.append(version + 1, actions))) continue;
      } catch (error) {
        // The commit may be there all the same: the next round reads the marker before it writes again.
        if (++failures >= FAILURES_MAX) throw error;
        continue;
      }
      await this.#checkpoint(version + 1);
      return this.#delivered(intent, manifest, version + 1, indexKnown);
    }
    throw new DataflowError(
      "DF_SINK_CONFLICT",
      `Sink "${this.#context.sink}" was not first in ${ATTEMPTS_MAX} attempts to commit to "${this.#target.path}". ` +
        "Other writers commit all the time; nothing is lost, the delivery is tried again.",
      { transient: true },
    );
  }

  async close(): Promise<void> {
    await this.#files.encoder.close();
  }

  /** The table, which must be there. */
  async #current(): Promise<Snapshot> {
    const snapshot = await this.#log.refresh();
    if (snapshot === undefined) throw this.#replaced("it is gone");
    return snapshot;
  }

  #checkIdentity(snapshot: Snapshot, manifest?: Manifest): string {
    const id = snapshot.metaData?.id ?? "";
    const expected = this.#tableId ?? manifest?.tableId ?? id;
    if (id !== expected || (manifest !== undefined && manifest.tableId !== id)) {
      throw this.#replaced(`its id is ${id}, not ${manifest?.tableId ?? expected}`);
    }
    this.#tableId = id;
    return id;
  }

  #replaced(how: string): DataflowError {
    return new DataflowError(
      "DF_SINK_REPLACED",
      `The table "${this.#target.path}" of sink "${this.#context.sink}" was replaced since rows were delivered to it: ${how}. ` +
        "Bring the table back, or start with a new state directory.",
    );
  }

  /** A table that still has the schema of staging can take the files; another one is asked again. */
  #checkSchema(snapshot: Snapshot, manifest: Manifest): void {
    const { metaData } = snapshot;
    const isSame =
      metaData?.schemaString === manifest.schemaString &&
      metaData.partitionColumns.join("\0") === manifest.partitionColumns.join("\0");
    if (isSame) return;
    try {
      checkTable(snapshot, this.#target);
    } catch (error) {
      throw new DataflowError(
        "DF_SCHEMA_CHANGED",
        `The schema of "${this.#target.path}" was changed after rows were staged for it, and does not take them any more: ` +
          `${error instanceof Error ? error.message : String(error)} The delivery is kept and done when the schema fits again.`,
        { cause: error },
      );
    }
  }

  async #checkStaged(manifest: Manifest): Promise<void> {
    for (const { path, sizeBytes } of manifest.files) {
      if (this.#staged.has(path)) continue;
      const found = (await this.#store.list(path)).find((object) => object.path === path);
      if (found?.size === sizeBytes) continue;
      throw new DataflowError(
        "DF_STAGED_LOST",
        `The staged file "${path}" of "${this.#target.path}" ${found === undefined ? "is gone" : `has ${found.size} bytes`}, ` +
          `${sizeBytes} bytes were written. Something has deleted or changed files that are not part of the table yet ` +
          "(a vacuum with a short retention?). Restore it from a backup.",
      );
    }
  }

  #delivered(
    intent: Intent,
    manifest: Manifest,
    version: number,
    indexKnown: boolean,
  ): { readonly version: string; readonly state: Json } {
    for (const { path } of manifest.files) this.#staged.delete(path);
    this.#contentHash = intent.marker.contentHash;
    this.#indexKnown = indexKnown;
    const files = manifest.files.slice(0, REMEMBERED_FILES).map(({ path }) => path);
    return this.#recorded(version, { marker: intent.marker, markerVersion: version, files, indexKnown });
  }

  /** An intent that changes nothing makes no version: what was delivered before stands. */
  #nothing(
    intent: Intent,
    snapshot: Snapshot,
    found: MarkedCommit | undefined,
    indexKnown: boolean,
  ): { readonly version: string; readonly state: Json } {
    this.#contentHash = intent.marker.contentHash;
    this.#indexKnown = indexKnown;
    const before = stateOf(this.#context.delivered);
    return this.#recorded(snapshot.version, {
      marker: found?.marker ?? null,
      markerVersion: found?.version ?? -1,
      files: before?.markerVersion === found?.version ? (before?.files ?? []) : [],
      indexKnown,
    });
  }

  #recorded(version: number, state: Omit<DeliveredState, "tableId">): { version: string; state: Json } {
    return { version: String(version), state: stateJson({ tableId: this.#tableId ?? "", ...state }) };
  }

  /** A checkpoint saves readers time. If it fails the commit is there all the same: the next try finds its marker. */
  async #checkpoint(version: number): Promise<void> {
    if (version % CHECKPOINT_EVERY !== 0) return;
    const snapshot = await this.#current();
    if (snapshot.version !== version) return;
    const whole = await this.#log.whole(snapshot);
    if (whole.version === version)
      await this.#log.putCheckpoint(version, encodeCheckpoint(whole, this.#now()));
  }
}
