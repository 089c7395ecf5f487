import { createHash, randomUUID } from "node:crypto";
import type { Batch, Column } from "@df/core";
import { decodeFrames, encodeFrames } from "@df/core/batch/frame";
import { gatherRows } from "@df/core/batch/gather";
import { META_TABLE, MetaTable } from "@df/core/checkpoint/meta-table";
import { giveBackPages, openExclusively, PAGE_BYTES } from "@df/core/checkpoint/open-exclusively";
import { DataflowError, reasonOf } from "@df/core/error";

/** Ids up to so many bytes are kept as they are, longer ones as their hash. */
const ID_BYTES_MAX = 32;
/** Pages that stay in the file though they are free: 4 MiB. */
const FREE_PAGES_KEPT = (4 * 1024 * 1024) / PAGE_BYTES;
const FORMAT_VERSION = 1;

const TABLES = `
${META_TABLE}
-- Rows that came together: a frame of columns, or the refused ones as JSON. Numbers from first to before next.
CREATE TABLE IF NOT EXISTS record (
  next INTEGER PRIMARY KEY, first INTEGER NOT NULL, kind TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;
-- The ids of the newest rows.
CREATE TABLE IF NOT EXISTS seen (id BLOB PRIMARY KEY, sequence INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seen_sequence ON seen (sequence);
`;

/** What an inbox is, when it opens. */
export interface InboxIdentity {
  /** The columns of its rows, as text: `columnsText`. */
  readonly columns: string;
  /** Which column tells events apart, by its place in the schema; undefined where none does. */
  readonly idColumn: number | undefined;
  /** The same with its type, as text: "id string"; empty where none does. */
  readonly id: string;
  /** Rows whose ids are remembered. */
  readonly idsMax: number;
}

/** Rows as a frame, or records that were refused, as JSON of `RefusedRecord`s. */
export interface InboxRecord {
  readonly kind: "rows" | "refused";
  /** Of refused records. The rows of a frame are counted when it is stored. */
  readonly length: number;
  readonly bytes: Uint8Array;
}

/** A record and the number of its first row. */
export interface StoredRecord extends Pick<InboxRecord, "kind" | "bytes"> {
  readonly first: number;
  readonly next: number;
}

/** How far an inbox goes. */
export interface InboxExtent {
  /** The inbox: a UUID that is never copied. */
  readonly inbox: string;
  /** Number of the oldest row that is kept, and of the next to come; equal when it is empty. */
  readonly first: number;
  readonly next: number;
  /** Bytes of the records that are kept. */
  readonly bytes: number;
  /** Rows left out so far because an earlier one had their id. */
  readonly duplicates: number;
}

/**
 * Rows on disk until they are delivered: a log in one SQLite file, exclusively locked, `synchronous=FULL`. Synchronous;
 * runs on a thread of its own (inbox-thread.ts).
 */
export class InboxFile {
  readonly #file: string;
  readonly #db: ReturnType<typeof openExclusively>;
  readonly #meta: MetaTable;
  readonly #identity: InboxIdentity;
  #extent: InboxExtent;

  /**
   * @throws DF_ALREADY_RUNNING, DF_INBOX_CORRUPT, DF_INBOX_FORMAT, DF_INBOX_COLUMNS, DF_INBOX_FILE,
   * DF_STATE_NOT_DURABLE
   */
  constructor(file: string, identity: InboxIdentity) {
    this.#file = file;
    this.#identity = identity;
    this.#db = opened(file);
    try {
      this.#db.exec(TABLES);
      this.#meta = new MetaTable(this.#db);
      this.#extent = this.#db.transaction(() => this.#begin(file)).immediate();
    } catch (thrown) {
      this.#db.close();
      throw thrown;
    }
  }

  extent(): InboxExtent {
    return this.#extent;
  }

  /**
   * Stores records in one transaction, all or none, without the rows whose id is known.
   * @throws DF_INBOX_FILE where the disk does not take them
   */
  append(records: readonly InboxRecord[]): InboxExtent {
    try {
      return this.#append(records);
    } catch (cause) {
      throw unusable(this.#file, "written", cause);
    }
  }

  #append(records: readonly InboxRecord[]): InboxExtent {
    let { next, bytes, duplicates } = this.#extent;
    const insert = this.#db.prepare("INSERT INTO record VALUES (?, ?, ?, ?)");
    this.#db
      .transaction(() => {
        for (const record of records) {
          const fresh =
            record.kind === "rows" ? this.#fresh(record.bytes, next) : { ...record, duplicates: 0 };
          duplicates += fresh.duplicates;
          if (fresh.length === 0) continue;
          insert.run(next + fresh.length, next, record.kind, fresh.bytes);
          next += fresh.length;
          bytes += fresh.bytes.length;
        }
        this.#db.prepare("DELETE FROM seen WHERE sequence < ?").run(next - this.#identity.idsMax);
        this.#meta.set("next", next);
        this.#meta.set("duplicates", duplicates);
        // Commit point: whoever gave these rows may forget them.
      })
      .immediate();
    this.#extent = { ...this.#extent, next, bytes, duplicates };
    return this.#extent;
  }

  /** The record that has the row of a number; undefined where that row is still to come. */
  read(sequence: number): StoredRecord | undefined {
    return this.#db
      .prepare<[number], StoredRecord>(
        "SELECT kind, first, next, bytes FROM record WHERE next > +? ORDER BY next LIMIT 1",
      )
      .get(sequence);
  }

  /** Gives back the records whose rows all come before a number. */
  forget(before: number): InboxExtent {
    const gone = this.#bytes("WHERE next <= ?", before);
    this.#db.prepare("DELETE FROM record WHERE next <= ?").run(before);
    giveBackPages(this.#db, FREE_PAGES_KEPT);
    const { next, bytes } = this.#extent;
    this.#extent = { ...this.#extent, first: this.#first() ?? next, bytes: bytes - gone };
    return this.#extent;
  }

  close(): void {
    this.#db.close();
  }

  #begin(file: string): InboxExtent {
    const format = this.#meta.get("format_version");
    if (format !== undefined && format !== String(FORMAT_VERSION)) {
      throw new DataflowError(
        "DF_INBOX_FORMAT",
        `The inbox ${file} has format ${format}; this dataflow reads format ${FORMAT_VERSION}. Use the version that wrote it.`,
      );
    }
    this.#meta.set("format_version", FORMAT_VERSION);
    const next = this.#meta.number("next");
    const first = this.#first() ?? next;
    const columns = this.#meta.get("columns");
    if (columns !== undefined && columns !== this.#identity.columns && first < next) {
      throw new DataflowError(
        "DF_INBOX_COLUMNS",
        `The inbox ${file} keeps ${next - first} rows with the columns ${columns}; the pipeline now reads ${this.#identity.columns}. Run the pipeline with the former columns until they are delivered, or name another inbox.`,
      );
    }
    this.#meta.set("columns", this.#identity.columns);
    this.#beginIds();
    const inbox = this.#meta.get("inbox") ?? randomUUID();
    this.#meta.set("inbox", inbox);
    const bytes = this.#bytes("WHERE next >= ?", 0);
    return { inbox, first, next, bytes, duplicates: this.#meta.number("duplicates") };
  }

  /** What was seen of one column says nothing of the values of another. */
  #beginIds(): void {
    const { id } = this.#identity;
    if (this.#meta.get("id") !== id) this.#db.exec("DELETE FROM seen");
    this.#meta.set("id", id);
  }

  #first(): number | undefined {
    return this.#db.prepare<[], { first: number }>("SELECT first FROM record ORDER BY next LIMIT 1").get()
      ?.first;
  }

  #bytes(where: "WHERE next <= ?" | "WHERE next >= ?", sequence: number): number {
    const sum = `SELECT coalesce(sum(length(bytes)), 0) AS bytes FROM record ${where}`;
    return this.#db.prepare<[number], { bytes: number }>(sum).get(sequence)?.bytes ?? 0;
  }

  /** The rows of a frame without those whose id was seen, numbered from `first` on. */
  #fresh(
    bytes: Uint8Array,
    first: number,
  ): { readonly length: number; readonly bytes: Uint8Array; readonly duplicates: number } {
    const batches = decodeFrames(bytes);
    const before = lengthOf(batches);
    const { idColumn } = this.#identity;
    if (idColumn === undefined) return { length: before, bytes, duplicates: 0 };
    let next = first;
    const left = batches.map((batch) => {
      const fresh = this.#freshOf(batch, batch.columns[idColumn] as Column, next);
      next += fresh.length;
      return fresh;
    });
    const length = next - first;
    if (length === before) return { length, bytes, duplicates: 0 };
    const [frame = bytes] = encodeFrames(
      left.filter((batch) => batch.length > 0),
      Number.MAX_SAFE_INTEGER,
    );
    return { length, bytes: frame, duplicates: before - length };
  }

  #freshOf(batch: Batch, ids: Column, first: number): Batch {
    const insert = this.#db.prepare("INSERT OR IGNORE INTO seen VALUES (?, ?)");
    const rows = new Int32Array(batch.length);
    let count = 0;
    for (let row = 0; row < batch.length; row++) {
      if (insert.run(idOf(ids, row), first + count).changes === 1) rows[count++] = row;
    }
    return count === batch.length ? batch : gatherRows(batch, rows, count);
  }
}

function lengthOf(batches: readonly Batch[]): number {
  return batches.reduce((rows, { length }) => rows + length, 0);
}

/** An id in bytes: equal for equal values of a column, which has no nulls. */
function idOf(column: Column, row: number): Uint8Array {
  if (column.layout !== "text") return Buffer.from(String(column.values[row]));
  const bytes = column.bytes.subarray(column.starts[row], column.ends[row]);
  return bytes.length <= ID_BYTES_MAX ? bytes : createHash("sha256").update(bytes).digest();
}

/** SQLite says what is wrong, and not with which file. */
function unusable(file: string, done: "opened" | "written", cause: unknown): DataflowError {
  return new DataflowError(
    "DF_INBOX_FILE",
    `The inbox ${file} cannot be ${done}: ${reasonOf(cause)}. Make room there or name another path; what it keeps is read by the next run.`,
    { cause },
  );
}

/** The refusals of a file, in the words of an inbox. */
function opened(file: string): ReturnType<typeof openExclusively> {
  try {
    return openExclusively(file);
  } catch (thrown) {
    if (!(thrown instanceof DataflowError)) throw unusable(file, "opened", thrown);
    if (thrown.code === "DF_ALREADY_RUNNING") {
      throw new DataflowError(
        thrown.code,
        `Another process, or another source, is using the inbox ${file}. Stop it, or give this one a path of its own.`,
        { cause: thrown },
      );
    }
    if (thrown.code === "DF_STATE_CORRUPT") {
      throw new DataflowError(
        "DF_INBOX_CORRUPT",
        `The inbox ${file} is damaged, or it is another file. Put back the newest copy of it, or name another inbox.`,
        { cause: thrown },
      );
    }
    throw thrown;
  }
}
