/** Which formats of a state file this code reads. See CONTRIBUTING.md, "When a format changes". */
import { DataflowError } from "../error.ts";
import { MetaTable } from "./meta-table.ts";
import { FORMAT_OLDEST, FORMAT_VERSION, TABLES } from "./schema.sql.ts";
import type { SqlDatabase } from "./sql.ts";

/**
 * The format of a state file; undefined where nothing is stored yet.
 * @throws DF_STATE_FORMAT when this code does not read it
 */
export function formatOf(db: SqlDatabase, file: string): number | undefined {
  const isThere = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get() !== undefined;
  const stored = isThere ? new MetaTable(db).get("format_version") : undefined;
  if (stored === undefined) return undefined;
  const format = Number(stored);
  if (format >= FORMAT_OLDEST && format <= FORMAT_VERSION) return format;
  const writer = format < FORMAT_OLDEST ? "An older" : "A newer";
  throw new DataflowError(
    "DF_STATE_FORMAT",
    `The state ${file} has format ${stored}; this dataflow reads formats ${FORMAT_OLDEST} to ${FORMAT_VERSION}. ${writer} one wrote it, and nothing was changed: run that one, or give this one a new state directory (--state-dir) and new targets.`,
  );
}

/**
 * Makes the tables of a new state, and brings those of an older format to this one. What a format adds are tables, so
 * there is no more to do than to make them. To be called within a transaction.
 * @throws DF_STATE_FORMAT
 */
export function bringToFormat(db: SqlDatabase, file: string): void {
  const format = formatOf(db, file);
  db.exec(TABLES);
  if (format !== FORMAT_VERSION) new MetaTable(db).set("format_version", FORMAT_VERSION);
}
