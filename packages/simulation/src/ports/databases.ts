/**
 * The databases of simulated states, in memory. To make one and to compile its statements takes longer than most of
 * what a history asks of it, so those of histories that are over are emptied and used again.
 */
import Database from "better-sqlite3";
import type { SqlDatabase, SqlStatement } from "@df/core/checkpoint/sql";

/** A database of this thread, and the same with statements that are compiled once for all who open it. */
export interface KeptDatabase {
  readonly db: Database.Database;
  readonly compiled: SqlDatabase;
  /** Removes all rows: then it is as a new one. */
  readonly empty: () => void;
}

/** Emptied ones that wait to be used again: states that begin as a copy give back more of them than others take. */
const FREE_MAX = 4;
const free: KeptDatabase[] = [];

/** A database with the content of an image, or with none. */
export function takeDatabase(image?: Buffer): KeptDatabase {
  return image === undefined ? (free.pop() ?? kept(new Database(":memory:"))) : kept(new Database(image));
}

/** Nobody uses it any more. */
export function giveBack(database: KeptDatabase): void {
  const { db, empty } = database;
  if (db.inTransaction || free.length === FREE_MAX) {
    db.close();
    return;
  }
  empty();
  free.push(database);
}

/** What `look` finds in a database that is a copy of an image: its memory is the collector's to see only when closed. */
export function inCopy<T>(image: Buffer, look: (copy: Database.Database) => T): T {
  const copy = new Database(image);
  try {
    return look(copy);
  } finally {
    copy.close();
  }
}

function kept(db: Database.Database): KeptDatabase {
  const statements = new Map<string, SqlStatement>();
  const prepare = (sql: string): SqlStatement => {
    const statement = statements.get(sql) ?? db.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  const within = db.transaction((work: () => unknown) => work());
  const compiled: SqlDatabase = {
    prepare: prepare as SqlDatabase["prepare"],
    exec: (sql) => db.exec(sql),
    pragma: (text, options) => db.pragma(text, options),
    transaction: <T>(work: () => T) => ({ immediate: () => within.immediate(work) as T }),
    close: () => db.close(),
  };
  const empty = (): void => {
    const tables = prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[];
    within(() => {
      for (const { name } of tables) prepare(`DELETE FROM ${name}`).run();
    });
  };
  return { db, compiled, empty };
}
