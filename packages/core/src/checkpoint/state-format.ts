/** Which formats of a state file this code reads. See CONTRIBUTING.md, "When a format changes". */
import { byteStrings } from "../batch/byte-strings.ts";
import type { IndexChanges } from "../connector.ts";
import { DataflowError } from "../error.ts";
import { joinPieces, unpackChanges } from "./index-changes.ts";
import { KeyRuns } from "./key-runs.ts";
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
  const decided =
    format === undefined || format > 4 ? new Map<string, IndexChanges>() : decidedOf(db, format);
  if (format === 4) db.exec("ALTER TABLE key_page RENAME TO key_page_4");
  db.exec(TABLES);
  if (format === 4) takePages(db);
  for (const [sink, changes] of decided) new KeyRuns(db).stage(sink, changes);
  new MetaTable(db).set("format_version", FORMAT_VERSION);
}

/** What is decided about indexes, by sink: before format 4 each change was a row, in format 4 they were in pieces. */
function decidedOf(db: SqlDatabase, format: number): Map<string, IndexChanges> {
  return format === 4 ? takePieces(db) : takeRows(db);
}

function takePieces(db: SqlDatabase): Map<string, IndexChanges> {
  const pieces = db
    .prepare<[], { sink: string; bytes: Uint8Array }>(
      "SELECT sink, bytes FROM intent_changes ORDER BY sink, seq",
    )
    .all();
  db.exec("DROP TABLE intent_changes");
  const bySink = Map.groupBy(pieces, ({ sink }) => sink);
  return new Map(
    Array.from(bySink, ([sink, all]) => [sink, joinPieces(all.map(({ bytes }) => unpackChanges(bytes)))]),
  );
}

/** Before format 4 each key of an index was a row, too: a cache, which the next delivery makes again of its table. */
function takeRows(db: SqlDatabase): Map<string, IndexChanges> {
  const rows = db
    .prepare<[], { sink: string; key: Uint8Array; value: Uint8Array | null }>(
      "SELECT sink, key, value FROM intent_index ORDER BY sink, seq",
    )
    .all();
  db.exec("DROP TABLE intent_index; DROP TABLE key_index; DELETE FROM key_index_version");
  const bySink = Map.groupBy(rows, ({ sink }) => sink);
  return new Map(
    Array.from(bySink, ([sink, changes]) => {
      const keys = byteStrings(changes.map(({ key }) => key));
      return [sink, { keys, values: byteStrings(changes.map(({ value }) => value ?? new Uint8Array(0))) }];
    }),
  );
}

/** In format 4 an index was one run of pages. */
function takePages(db: SqlDatabase): void {
  db.exec(`
    INSERT INTO key_page SELECT sink, 0, first, bytes FROM key_page_4;
    INSERT INTO key_run SELECT sink, 0, sum(length(bytes)), 0 FROM key_page_4 GROUP BY sink;
    DROP TABLE key_page_4;
  `);
}
