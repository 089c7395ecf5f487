import type { SqlDatabase, SqlStatement } from "./sql.ts";

/** The table that says what a database is. */
export const META_TABLE =
  "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;";

/** Names and values in the table `meta`, which must be there. */
export class MetaTable {
  readonly #get: SqlStatement<[string], { readonly value: string }>;
  readonly #set: SqlStatement<[string, string]>;

  constructor(db: SqlDatabase) {
    this.#get = db.prepare("SELECT value FROM meta WHERE name = ?");
    this.#set = db.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)");
  }

  get(name: string): string | undefined {
    return this.#get.get(name)?.value;
  }

  /** 0 where there is none. */
  number(name: string): number {
    return Number(this.get(name) ?? 0);
  }

  set(name: string, value: string | number | boolean): void {
    this.#set.run(name, String(value));
  }
}
