/** Which formats of a state file this code reads. See CONTRIBUTING.md, "When a format changes". */
import { byteStrings } from "../batch/byte-strings.ts";
import { DataflowError } from "../error.ts";
import { packChanges } from "./index-changes.ts";
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
 * Makes the tables of a new state, and brings those of an older format to this one. To be called within a transaction.
 * @throws DF_STATE_FORMAT
 */
export function bringToFormat(db: SqlDatabase, file: string): void {
  const format = formatOf(db, file);
  if (format === FORMAT_VERSION) return;
  db.exec(TABLES);
  if (format !== undefined && format < 4) packIndexes(db);
  new MetaTable(db).set("format_version", FORMAT_VERSION);
}

/**
 * Before format 4 each change of an index was a row, and so was each key. What is decided is packed; an index is a
 * cache, which the next delivery makes again of its table.
 */
function packIndexes(db: SqlDatabase): void {
  const insert = db.prepare("INSERT INTO intent_changes VALUES (?, 0, ?)");
  const rows = db.prepare<[string], { key: Uint8Array; value: Uint8Array | null }>(
    "SELECT key, value FROM intent_index WHERE sink = ? ORDER BY seq",
  );
  for (const { sink } of db.prepare<[], { sink: string }>("SELECT DISTINCT sink FROM intent_index").all()) {
    const changes = rows.all(sink);
    const keys = byteStrings(changes.map(({ key }) => key));
    const values = byteStrings(changes.map(({ value }) => value ?? new Uint8Array(0)));
    insert.run(sink, packChanges({ keys, values }));
  }
  db.exec("DROP TABLE intent_index; DROP TABLE key_index; DELETE FROM key_index_version");
}
