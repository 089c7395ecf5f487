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

const free: KeptDatabase[] = [];

/** A database with the content of an image, or with none. */
export function takeDatabase(image?: Buffer): KeptDatabase {
  return image === undefined ? (free.pop() ?? kept(new Database(":memory:"))) : kept(new Database(image));
}

/** Nobody uses it any more. */
export function giveBack(database: KeptDatabase): void {
  if (database.db.inTransaction) return;
  database.empty();
  free.push(database);
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
