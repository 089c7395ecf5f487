import Database from "better-sqlite3";
import { DataflowError } from "../error.ts";
import { type Adopted, adoptedBy } from "./adoption.ts";
import { type Ancestor, ancestorsOf } from "./ancestors.ts";
import type { CheckpointRecord, Undelivered } from "./records.ts";
import { formatOf } from "./state-format.ts";
import { damageOf } from "./sqlite-failures.ts";

/** What lies in a state that nobody is running. */
interface StoredState {
  readonly pipeline: string;
  readonly lineage: string;
  /** The lineages that this one was begun from, the oldest first. */
  readonly ancestors: readonly Ancestor[];
  /** The targets that it catches up with; none when it has. */
  readonly adopts: readonly Adopted[];
  /** The plan's fingerprint at the last checkpoint; undefined before the first. */
  readonly fingerprint: string | undefined;
  readonly record: CheckpointRecord | undefined;
  /** The sinks of the last checkpoint, in the order of its pipeline. */
  readonly sinks: readonly string[];
  readonly undelivered: readonly Undelivered[];
  /** The last delivery of each sink. */
  readonly delivered: readonly {
    readonly sink: string;
    readonly epoch: number;
    readonly version: string;
    readonly contentHash: string;
  }[];
}

/**
 * Reads a state without owning it.
 * @throws DF_ALREADY_RUNNING when a process that does not answer has it open, DF_STATE_FORMAT, DF_STATE_CORRUPT
 */
export function readStoredState(file: string): StoredState {
  const db = new Database(file, { readonly: true, fileMustExist: true, timeout: 0 });
  try {
    formatOf(db, file);
    const meta = new Map(
      db
        .prepare<[], { name: string; value: string }>("SELECT name, value FROM meta")
        .all()
        .map(({ name, value }) => [name, value]),
    );
    const checkpoint = db.prepare<[], { record: string }>("SELECT record FROM checkpoint").get();
    return {
      pipeline: meta.get("pipeline") ?? "",
      lineage: meta.get("lineage") ?? "",
      ancestors: ancestorsOf(meta),
      adopts: adoptedBy(meta),
      fingerprint: meta.get("fingerprint"),
      record: checkpoint === undefined ? undefined : (JSON.parse(checkpoint.record) as CheckpointRecord),
      // Each checkpoint writes them anew, one after the other.
      sinks: db.prepare<[], string>("SELECT id FROM sink ORDER BY rowid").pluck().all(),
      undelivered: db
        .prepare<[], Undelivered>(
          "SELECT sink, sum(rows) AS rows, sum(length) AS bytes FROM held GROUP BY sink",
        )
        .all(),
      delivered: db
        .prepare<[], StoredState["delivered"][number]>(
          "SELECT sink, max(epoch) AS epoch, version, content_hash AS contentHash FROM delivered GROUP BY sink",
        )
        .all(),
    };
  } catch (thrown) {
    const damage = damageOf(file, thrown);
    if (damage !== undefined) throw damage;
    if ((thrown as { code?: string }).code !== "SQLITE_BUSY") throw thrown;
    throw new DataflowError(
      "DF_ALREADY_RUNNING",
      `Another process is using the state ${file} and does not answer.`,
    );
  } finally {
    db.close();
  }
}
