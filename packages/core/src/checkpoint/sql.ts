/**
 * What is asked of SQLite, as types of our own: users of our types need none of the library's, which are not installed
 * with it.
 *
 * Where a statement sorts, limits or looks for what is distinct, its parameters are written `+?`: of a plain `?` SQLite
 * takes the value into its plan, and so compiles the statement again each time that it is run (five times the work).
 */

/** A compiled statement. Without a row, `get` gives undefined. */
export interface SqlStatement<Given extends unknown[] = unknown[], Row = unknown> {
  /** How many rows it inserted, changed or removed. */
  run(...given: Given): { readonly changes: number };
  get(...given: Given): Row | undefined;
  all(...given: Given): Row[];
}

/** An open database. Each method throws what SQLite says, see sqlite-failures.ts. */
export interface SqlDatabase {
  prepare<Given extends unknown[] = unknown[], Row = unknown>(sql: string): SqlStatement<Given, Row>;
  exec(sql: string): unknown;
  pragma(text: string, options?: { readonly simple: true }): unknown;
  /** The work as one transaction, which `immediate` runs: what it throws undoes it. */
  transaction<T>(work: () => T): { immediate(): T };
  close(): unknown;
}
