/** Finds the marker of a sink in its table, and judges whether it holds on the table's present history. */
import { DataflowError } from "@df/core";
import type { CommitterContext, Delivered, Json, Marker } from "@df/core";
import type { Txn } from "./actions.ts";
import type { TableLog } from "./log.ts";
import { markerOf, restoreOf } from "./snapshot.ts";
import type { MarkedCommit, Restore, Snapshot } from "./snapshot.ts";

/** What a committer records with each delivery, to know its table again. */
export interface DeliveredState {
  /** `metaData.id` */
  readonly tableId: string;
  /** The marker of the last commit; it outlives the log. */
  readonly marker: Marker | null;
  /** The version that shows it. */
  readonly markerVersion: number;
  /** Some of the files that the last commit added. */
  readonly files: readonly string[];
  /** Whether nobody else has changed rows between the version that the key index knew and this one. */
  readonly indexKnown: boolean;
}

/** The state of a delivery that a Delta committer recorded. */
export function stateOf(delivered: Delivered | undefined): DeliveredState | undefined {
  return delivered === undefined ? undefined : (delivered.state as unknown as DeliveredState);
}

/** The state as it is stored. */
export function stateJson(state: DeliveredState): Json {
  return state as unknown as Json;
}

/** Finds this sink's marker on the table's present history. */
export class MarkerReader {
  readonly #log: TableLog;
  readonly #appIds: readonly string[];
  readonly #delivered: Delivered | undefined;
  readonly #lineage: string;
  /** A commit before the snapshot's checkpoint, once it was looked up. */
  #early: { readonly base: number; readonly epoch: number; readonly commit: MarkedCommit } | undefined;
  /** Restores before the snapshot's checkpoint and behind the early commit; undefined where the log is cleaned up. */
  #earlyRestores: readonly Restore[] | undefined;

  /** `appIds`: of the sink, and of the ids that it had before. */
  constructor(
    log: TableLog,
    appIds: readonly string[],
    { delivered, lineage }: Pick<CommitterContext, "delivered" | "lineage">,
  ) {
    this.#log = log;
    this.#appIds = appIds;
    this.#delivered = delivered;
    this.#lineage = lineage;
  }

  /**
   * The last commit of this sink, if it still is part of what the table shows.
   * @throws DF_SINK_ROLLED_BACK when the table was set back to before it, DF_SINK_MARKER when that cannot be told
   */
  async find(snapshot: Snapshot): Promise<MarkedCommit | undefined> {
    // A commit has the marker under each id that its sink had by then, so the highest one is the last.
    const [txn] = this.#appIds
      .flatMap((appId) => snapshot.txns.get(appId) ?? [])
      .toSorted((a, b) => b.version - a.version);
    if (txn === undefined) return undefined;
    const known = snapshot.marked.get(txn.appId);
    const commit = known ?? (await this.#findEarly(snapshot, txn.version));
    const hasDelivered = this.#delivered !== undefined;
    if ((this.#isBegun() || !hasDelivered) && snapshot.restores.length > 0) {
      const shown = await this.#walkBack(snapshot.version);
      if (shown === "nothing" && !hasDelivered) return undefined;
      if (typeof shown === "object" && hasDelivered) return shown;
    }
    this.#checkRestores(commit, snapshot.restores);
    if (commit.version < snapshot.base) {
      if (this.#earlyRestores !== undefined) this.#checkRestores(commit, this.#earlyRestores);
      else await this.#checkFiles(commit, snapshot);
    }
    return commit;
  }

  /** Whether all that was delivered is of the lineage that this one was begun from. */
  #isBegun(): boolean {
    const lineage = stateOf(this.#delivered)?.marker?.lineage;
    return lineage !== undefined && lineage !== this.#lineage;
  }

  /**
   * The last commit of this sink on the way that the table has taken, where a restore leads back to the version that it
   * shows again. So a table may be set back to where a savepoint was taken. "nothing" where that way leads to the
   * table's beginning; undefined where the log does not say.
   */
  async #walkBack(from: number): Promise<MarkedCommit | "nothing" | undefined> {
    for (let version = from, latest = Infinity; version >= 0;) {
      const actions = await this.#log.commit(version);
      const info = actions?.find(({ commitInfo }) => commitInfo !== undefined)?.commitInfo;
      if (actions === undefined) return undefined;
      const timestamp = Number(info?.["timestamp"] ?? 0);
      const to = restoreOf(info, version)?.to;
      const marker = markerOf(info);
      const isOurs = marker !== undefined && actions.some(({ txn }) => this.#isOurs(txn));
      if (timestamp <= latest) {
        if (to !== undefined && "timestamp" in to) latest = to.timestamp;
        else if (to === undefined && isOurs) return { marker, version, timestamp };
      }
      const isLed = timestamp <= latest && to !== undefined && "version" in to;
      version = isLed ? Math.min(version - 1, to.version) : version - 1;
    }
    return "nothing";
  }

  #isOurs(txn: Txn | undefined): boolean {
    return txn !== undefined && this.#appIds.includes(txn.appId);
  }

  /** The commit is older than the checkpoint that was read: its file may still be there, or we know it ourselves. */
  async #findEarly(snapshot: Snapshot, epoch: number): Promise<MarkedCommit> {
    if (this.#early?.base === snapshot.base && this.#early.epoch === epoch) return this.#early.commit;
    const delivered = this.#delivered;
    const recorded = this.#recorded(epoch);
    const commit =
      (recorded === undefined ? undefined : await this.#read(recorded.version, epoch)) ??
      (await this.#search(snapshot.base, epoch)) ??
      recorded;
    if (commit === undefined) {
      throw new DataflowError(
        "DF_SINK_MARKER",
        `The table says that "${this.#appIds[0]}" has written epoch ${epoch}, but the commit of it is no longer in the log` +
          ` and our last recorded delivery is ${delivered === undefined ? "none" : `epoch ${delivered.epoch}`}. ` +
          "Go on with the state directory that wrote it, or with a new state directory and a new target.",
      );
    }
    this.#early = { base: snapshot.base, epoch, commit };
    this.#earlyRestores = await this.#restoresBetween(commit.version, snapshot.base);
    return commit;
  }

  async #read(version: number, epoch: number): Promise<MarkedCommit | undefined> {
    const actions = await this.#log.commit(version);
    const isOurs = actions?.some(({ txn }) => this.#isOurs(txn) && txn?.version === epoch);
    const info = actions?.find(({ commitInfo }) => commitInfo !== undefined)?.commitInfo;
    const marker = markerOf(info);
    if (isOurs !== true || marker === undefined) return undefined;
    return { marker, version, timestamp: Number(info?.["timestamp"] ?? 0) };
  }

  async #search(base: number, epoch: number): Promise<MarkedCommit | undefined> {
    const versions = await this.#log.versions();
    for (const version of versions.toReversed()) {
      if (version > base) continue;
      const commit = await this.#read(version, epoch);
      if (commit !== undefined) return commit;
    }
    return undefined;
  }

  #recorded(epoch: number): MarkedCommit | undefined {
    const state = stateOf(this.#delivered);
    if (state === undefined || state.marker === null || state.marker.epoch !== epoch) return undefined;
    return { marker: state.marker, version: state.markerVersion, timestamp: 0 };
  }

  async #restoresBetween(after: number, through: number): Promise<readonly Restore[] | undefined> {
    const restores: Restore[] = [];
    for (let version = after + 1; version <= through; version++) {
      const actions = await this.#log.commit(version);
      if (actions === undefined) return undefined;
      const info = actions.find(({ commitInfo }) => commitInfo !== undefined)?.commitInfo;
      const restore = restoreOf(info, version);
      if (restore !== undefined) restores.push(restore);
    }
    return restores;
  }

  #checkRestores(commit: MarkedCommit, restores: readonly Restore[]): void {
    for (const { version, to } of restores) {
      const isKept = "version" in to ? to.version >= commit.version : to.timestamp >= commit.timestamp;
      if (version <= commit.version || isKept) continue;
      const target = "version" in to ? `version ${to.version}` : new Date(to.timestamp).toISOString();
      throw new DataflowError(
        "DF_SINK_ROLLED_BACK",
        `Version ${version} set the table back to ${target}, which is before epoch ${commit.marker.epoch} of ` +
          `"${this.#appIds[0]}" (version ${commit.version}): the table lacks rows that count as delivered. ` +
          "Restore the table to a version that has them, begin from a savepoint of then (run --from), or start with a new state directory and a new target.",
      );
    }
  }

  /** Where the log between is cleaned up, a file that our commit added and that is still live shows that it holds. */
  async #checkFiles({ version, marker }: MarkedCommit, snapshot: Snapshot): Promise<void> {
    const state = stateOf(this.#delivered);
    if (state?.markerVersion === version) {
      const { files } = snapshot.kept === "none" ? await this.#log.whole(snapshot) : snapshot;
      if (state.files.some((path) => files.has(path))) return;
    }
    throw new DataflowError(
      "DF_SINK_ROLLED_BACK",
      `The log between version ${version}, which shows epoch ${marker.epoch} of "${this.#appIds[0]}", and version ` +
        `${snapshot.base} is cleaned up, and no file of it is left: it cannot be told whether the table was set back. ` +
        "Start with a new state directory and a new target.",
    );
  }
}
