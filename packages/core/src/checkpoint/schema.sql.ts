import { META_TABLE } from "./meta-table.ts";

/** Raised when the tables below change: see state-format.ts. 1 was never released. */
export const FORMAT_VERSION = 5;
/** The oldest that this code reads. */
export const FORMAT_OLDEST = 2;

/** All tables are STRICT: SQLite then stores what it is given or refuses it. */
export const TABLES: string = `
${META_TABLE}
-- The last checkpoint: positions, clocks and ledger as JSON.
CREATE TABLE IF NOT EXISTS checkpoint (epoch INTEGER PRIMARY KEY, record TEXT NOT NULL) STRICT;
-- Keyed state as it changed: a full set replaces the older rows of its node, table and key group.
CREATE TABLE IF NOT EXISTS chunk (
  id INTEGER PRIMARY KEY, node TEXT NOT NULL, tab TEXT NOT NULL, key_group INTEGER NOT NULL,
  epoch INTEGER NOT NULL, complete INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS chunk_group ON chunk (node, tab, key_group, epoch);
-- Where a split's clock was lifted, and to what.
CREATE TABLE IF NOT EXISTS mark (
  source TEXT NOT NULL, split TEXT NOT NULL, position TEXT NOT NULL, clock REAL NOT NULL,
  epoch INTEGER NOT NULL) STRICT;
-- What is needed to finish the work of a sink without the pipeline file.
CREATE TABLE IF NOT EXISTS sink (
  id TEXT PRIMARY KEY, connector TEXT NOT NULL, options TEXT NOT NULL, shape TEXT NOT NULL) STRICT;
-- Ids that a sink had before: its target may know it by one of them.
CREATE TABLE IF NOT EXISTS former_id (sink TEXT NOT NULL, old TEXT NOT NULL, PRIMARY KEY (sink, old)) STRICT;
-- Rows that are decided but not staged: "length" bytes here, or from "place" on in a file of the spool.
CREATE TABLE IF NOT EXISTS held (
  sink TEXT NOT NULL, epoch INTEGER NOT NULL, shard INTEGER NOT NULL, seq INTEGER NOT NULL, rows INTEGER NOT NULL,
  length INTEGER NOT NULL, file TEXT, place INTEGER, bytes BLOB, PRIMARY KEY (sink, epoch, shard, seq),
  CHECK ((file IS NULL) = (place IS NULL) AND (file IS NULL) = (bytes IS NOT NULL))) STRICT;
-- Staged, not known to be visible.
CREATE TABLE IF NOT EXISTS intent (
  sink TEXT PRIMARY KEY, epoch INTEGER NOT NULL, rows INTEGER NOT NULL, record TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS delivered (
  sink TEXT NOT NULL, epoch INTEGER NOT NULL, hash TEXT NOT NULL, content_hash TEXT NOT NULL, version TEXT NOT NULL,
  state TEXT NOT NULL, rows INTEGER NOT NULL, PRIMARY KEY (sink, epoch)) STRICT;
-- Where each key of a keyed target lies: runs of pages, of which a later one knows better (key-runs.ts). One that is
-- staged belongs to the intent. A cache of the table at one version.
CREATE TABLE IF NOT EXISTS key_run (
  sink TEXT NOT NULL, run INTEGER NOT NULL, size INTEGER NOT NULL, staged INTEGER NOT NULL,
  PRIMARY KEY (sink, run)) STRICT;
CREATE TABLE IF NOT EXISTS key_page (
  sink TEXT NOT NULL, run INTEGER NOT NULL, first BLOB NOT NULL, bytes BLOB NOT NULL,
  PRIMARY KEY (sink, run, first)) STRICT;
CREATE TABLE IF NOT EXISTS key_index_version (sink TEXT PRIMARY KEY, version TEXT NOT NULL) STRICT;
`;
