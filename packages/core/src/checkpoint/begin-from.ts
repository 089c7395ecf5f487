/** A new state that begins where a savepoint ends: a child lineage. */
import { randomUUID } from "node:crypto";
import { copyFileSync, existsSync, linkSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import Database from "better-sqlite3";
import { DataflowError, reasonOf } from "../error.ts";
import { keepNames } from "./keep-names.ts";
import { makeDirectory } from "./make-directory.ts";
import { MetaTable } from "./meta-table.ts";
import { ancestorsOf, ANCESTORS, type Ancestor } from "./ancestors.ts";
import {
  checkCopy,
  damaged,
  readSavepoint,
  type Savepoint,
  stateOfSavepoint,
  syncFile,
} from "./savepoint.ts";
import { isSpoolName } from "./spool.ts";
import { formatOf } from "./state-format.ts";
import type { SqlDatabase } from "./sql.ts";
import { diskFailureOf } from "./sqlite-failures.ts";
import { readStoredState } from "./stored-state.ts";

/** Where a state begins. */
interface Beginning {
  /** The folder of the savepoint. */
  readonly from: string;
  readonly stateDirectory: string;
  readonly pipeline: string;
}

/** What a new state is called until it is complete. */
const DRAFT = "begins-";
/** What SQLite keeps beside a database, and reads when it opens it. */
const LOGS: ReadonlySet<string> = new Set(["state.sqlite-wal", "state.sqlite-journal"]);

/**
 * Makes the state of a directory without one from a savepoint, under a lineage of its own. A directory that holds what
 * was begun from this savepoint is left as it is, so a run may be started again with the same words.
 * @throws DF_NO_SAVEPOINT, DF_SAVEPOINT_FORMAT, DF_SAVEPOINT_DAMAGED, DF_SAVEPOINT_OTHER_PIPELINE, DF_STATE_EXISTS,
 *   DF_STATE_FORMAT, DF_STATE_DIRECTORY
 */
export function beginFrom({ from, stateDirectory, pipeline }: Beginning): void {
  const savepoint = readSavepoint(from, pipeline);
  const file = join(stateDirectory, "state.sqlite");
  if (existsSync(file)) return refuseOther(file, from, savepoint);
  // What cannot be read leaves no directory behind.
  refuseNewer(stateDirectory, from);
  makeDirectory(stateDirectory);
  refuseRest(stateDirectory, from);
  for (const name of readdirSync(stateDirectory))
    if (name.startsWith(DRAFT)) rmSync(join(stateDirectory, name), { force: true });
  const draft = join(stateDirectory, `${DRAFT}${randomUUID()}`);
  try {
    copyFileSync(stateOfSavepoint(from), draft);
    checkCopy(draft, from, savepoint);
    const db = new Database(draft, { fileMustExist: true });
    try {
      giveLineage(db, savepoint);
    } finally {
      db.close();
    }
    syncFile(draft);
    // Commit point: unlike a rename it fails where another process was first.
    linkSync(draft, file);
    keepNames(resolve(stateDirectory));
  } catch (thrown) {
    throw thrown instanceof DataflowError ? thrown : notBegun(stateDirectory, from, thrown);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Makes the copy of a state a child of the lineage that the savepoint is of. */
export function giveLineage(
  db: SqlDatabase,
  { lineage, epoch, id }: Pick<Savepoint, "lineage" | "epoch" | "id">,
): void {
  const meta = new MetaTable(db);
  const parent: Ancestor = { lineage, epoch, savepoint: id };
  const work = db.transaction(() => {
    meta.set(ANCESTORS, JSON.stringify([...ancestorsOf(meta), parent]));
    meta.set("lineage", randomUUID());
    meta.set("owner", 0);
  });
  work.immediate();
}

function refuseOther(file: string, from: string, { id }: Savepoint): void {
  const { ancestors } = readStoredState(file);
  if (ancestors.some(({ savepoint }) => savepoint === id)) return;
  throw new DataflowError(
    "DF_STATE_EXISTS",
    `There is a state already, ${file}, which was not begun from the savepoint ${from}. Name a new directory with --state-dir, or leave out --from to go on from the state.`,
  );
}

/**
 * What the disk refuses may be whole: only what is no state is damaged.
 * @throws DF_STATE_FORMAT where the state of a savepoint is not read by this code, DF_SAVEPOINT_DAMAGED,
 *   DF_STATE_DIRECTORY
 */
function refuseNewer(stateDirectory: string, from: string): void {
  const file = stateOfSavepoint(from);
  let db: SqlDatabase | undefined;
  try {
    db = new Database(file, { readonly: true, fileMustExist: true });
    formatOf(db, file);
  } catch (thrown) {
    if (thrown instanceof DataflowError) throw thrown;
    throw diskFailureOf(file, thrown) === undefined
      ? damaged(from, reasonOf(thrown), thrown)
      : notBegun(stateDirectory, from, thrown);
  } finally {
    db?.close();
  }
}

/**
 * SQLite would read the log of a killed process into whatever database lies beside it, and rows that a state holds are
 * removed by one that does not know them.
 */
function refuseRest(stateDirectory: string, from: string): void {
  const rest = readdirSync(stateDirectory).find((name) => LOGS.has(name) || isSpoolName(name));
  if (rest === undefined) return;
  throw new DataflowError(
    "DF_STATE_EXISTS",
    `A part of another state is left in the state directory, ${join(stateDirectory, rest)}, and would be mixed with what begins from the savepoint ${from}. Name a new directory with --state-dir, put back the state.sqlite that it belongs to, or remove it.`,
  );
}

function notBegun(stateDirectory: string, from: string, cause: unknown): DataflowError {
  return new DataflowError(
    "DF_STATE_DIRECTORY",
    `The savepoint ${from} cannot be copied to the state directory ${stateDirectory}: ${reasonOf(cause)}. Look at its disk (room, permissions) or name another one with --state-dir.`,
    { cause },
  );
}
