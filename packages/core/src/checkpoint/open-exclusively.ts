import { dirname, resolve } from "node:path";
import Database from "better-sqlite3";
import { DataflowError, reasonOf } from "../error.ts";
import { keepNames } from "./keep-names.ts";
import { damageOf } from "./sqlite-failures.ts";
import type { SqlDatabase } from "./sql.ts";

/** Milliseconds to wait for a lock on the state. */
const LOCK_WAIT_MS = 250;

/** Bytes of a page of the database, and of the log from which on it is copied into the database. */
export const PAGE_BYTES: number = 16 * 1024;
const LOG_BYTES = 64 * 1024 * 1024;
/** Memory for pages. Rows that are stored are not read again, and large indexes no cache of this kind would hold. */
const CACHE_BYTES = 4 * 1024 * 1024;

/**
 * Opens or creates a database that no other process can use meanwhile, and that has what it acknowledged after a power
 * loss.
 * @throws DF_ALREADY_RUNNING, DF_STATE_NOT_DURABLE, DF_STATE_CORRUPT
 */
export function openExclusively(file: string): SqlDatabase {
  // A status command reads for a moment; another run keeps its lock for as long as it lives.
  const db = new Database(file, { timeout: LOCK_WAIT_MS });
  try {
    // Both before the first table. Most of what is stored is rows by the megabyte: large pages take less work.
    db.pragma(`page_size = ${PAGE_BYTES}`);
    // The library's default is 16 MB, which fill up with what was written.
    db.pragma(`cache_size = -${CACHE_BYTES / 1024}`);
    // What is delivered is given back to the disk.
    db.pragma("auto_vacuum = INCREMENTAL");
    // The lock comes before WAL, so that no shared-memory file is made and every other process is kept out.
    db.pragma("locking_mode = EXCLUSIVE");
    db.pragma("journal_mode = WAL");
    // The library's default is NORMAL in WAL mode, which loses acknowledged commits at power loss.
    db.pragma("synchronous = FULL");
    if (process.platform === "darwin") db.pragma("fullfsync = 1");
    db.pragma(`journal_size_limit = ${LOG_BYTES}`);
    // Rows that are delivered before the log is full are never copied out of it.
    db.pragma(`wal_autocheckpoint = ${LOG_BYTES / PAGE_BYTES}`);
    db.exec("BEGIN EXCLUSIVE; COMMIT");
    const mode = `${String(db.pragma("synchronous", { simple: true }))} ${String(db.pragma("journal_mode", { simple: true }))}`;
    if (mode !== "2 wal") {
      throw new DataflowError(
        "DF_STATE_NOT_DURABLE",
        `SQLite opened ${file} with synchronous and journal mode "${mode}" instead of "2 wal". Use a local disk.`,
      );
    }
    keepNames(dirname(resolve(file)));
    return db;
  } catch (thrown) {
    db.close();
    if (thrown instanceof DataflowError) throw thrown;
    const damage = damageOf(file, thrown);
    if (damage !== undefined) throw damage;
    if (/SQLITE_BUSY|locked/i.test(`${(thrown as { code?: string }).code ?? ""} ${reasonOf(thrown)}`)) {
      throw new DataflowError(
        "DF_ALREADY_RUNNING",
        `Another process is using the state ${file}. Stop it, or give this one a --state-dir and targets of its own.`,
        { cause: thrown },
      );
    }
    throw thrown;
  }
}

/** Gives free pages back to the disk, but for so many that will be filled again. */
export function giveBackPages(db: SqlDatabase, kept: number): void {
  const free = Number(db.pragma("freelist_count", { simple: true }));
  if (free > kept) db.exec(`PRAGMA incremental_vacuum(${free - kept})`);
}
