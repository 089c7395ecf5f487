import { dirname } from "node:path";
import { present } from "../assert.ts";
import { DataflowError } from "../error.ts";
import type { ByteStrings } from "../batch/byte-strings.ts";
import type { Delivered, IndexChanges, Intent } from "../connector.ts";
import type { Json } from "../json.ts";
import type { Renames } from "../plan/renames.ts";
import type { Epoch, Shape } from "../stream.ts";
import { type Adopted, beginAdoption, finishAdoption, type Taken } from "./adoption.ts";
import { DeliveredRows } from "./delivered-rows.ts";
import { HeldRows, type SpoolDisk } from "./held-rows.ts";
import { KeyRuns } from "./key-runs.ts";
import { MetaTable } from "./meta-table.ts";
import { giveBackPages, openExclusively, PAGE_BYTES } from "./open-exclusively.ts";
import type {
  Checkpoint,
  CheckpointRecord,
  Delivery,
  HeldFrame,
  Identity,
  NodeChunk,
  SinkRecord,
  StoredIntent,
  Undelivered,
} from "./records.ts";
import { renamedFingerprint, renamedRecord, renameRows } from "./rename-nodes.ts";
import { type Savepoint, type SavepointRequest, writeSavepoint } from "./savepoint.ts";
import { bringToFormat } from "./state-format.ts";
import { directorySpool, SPOOLED_BYTES_MIN } from "./spool.ts";
import { takeOwnership } from "./take-ownership.ts";
import type { SqlDatabase, SqlStatement } from "./sql.ts";

/** Marks kept, to tell why rows were late. */
const MARKS_KEPT = 10_000;
/** Pages that stay in the file though they are free: 32 MiB. */
const FREE_PAGES_KEPT = (32 * 1024 * 1024) / PAGE_BYTES;

/** Where a state lies. */
export interface StateDisk extends SpoolDisk {
  /** The database of a file. */
  readonly open: (file: string) => SqlDatabase;
  /** Keeps a copy of a database as a savepoint. @throws as `writeSavepoint` */
  readonly keep: (db: SqlDatabase, request: SavepointRequest) => Savepoint;
}

function localDisk(file: string): StateDisk {
  return {
    open: openExclusively,
    keep: (db, request) => writeSavepoint(db, dirname(file), request),
    spool: directorySpool(dirname(file)),
    spooledBytesMin: SPOOLED_BYTES_MIN,
  };
}

/**
 * The state of one pipeline in one SQLite file (exclusive lock, WAL, `synchronous=FULL`), with large epochs of held rows
 * in files beside it (spool.ts). Synchronous; runs on the state thread (state-thread.ts). SQLite never holds anything
 * but checkpoints and deliveries, so recovery is opening it.
 *
 * Each method throws DF_FENCED when another process owns the state now (a lock that does not hold, as on some network
 * file systems). Reads too: a fenced process that compared a newer state with a target it read before would blame the
 * target.
 */
export class SqliteState {
  readonly #db: SqlDatabase;
  readonly #disk: StateDisk;
  readonly #held: HeldRows;
  readonly #delivered: DeliveredRows;
  readonly #keys: KeyRuns;
  readonly #meta: MetaTable;
  readonly #statements = new Map<string, SqlStatement>();
  #identity: Identity;

  /**
   * Opens or creates the state and takes ownership.
   * @throws DF_ALREADY_RUNNING, DF_STATE_FORMAT, DF_STATE_OTHER_PIPELINE, DF_STATE_NOT_DURABLE,
   *   DF_STATE_CORRUPT
   */
  constructor(file: string, pipeline: string, disk: StateDisk = localDisk(file)) {
    this.#db = disk.open(file);
    this.#disk = disk;
    const opened = this.#transaction(() => {
      bringToFormat(this.#db, file);
      const meta = new MetaTable(this.#db);
      return { meta, identity: takeOwnership(meta, pipeline, file) };
    });
    this.#meta = opened.meta;
    this.#identity = opened.identity;
    this.#held = new HeldRows(this.#db, disk);
    this.#delivered = new DeliveredRows(this.#db);
    this.#keys = new KeyRuns(this.#db);
  }

  identity(): Identity {
    return this.#identity;
  }

  /** Takes rows of the running epoch, in their order, ahead of its `commit`; they count with that alone. */
  hold(epoch: Epoch, held: readonly HeldFrame[]): void {
    this.#assertOwner();
    this.#held.append(this.#identity.owner, epoch, held);
  }

  /** Stores an epoch. */
  commit(checkpoint: Checkpoint): void {
    const { record } = checkpoint;
    // Durable before what refers to it.
    this.#assertOwner();
    this.#held.seal(this.#identity.owner, record.epoch, checkpoint.held, checkpoint.ahead.length);
    this.#transaction(() => {
      this.#assertOwner();
      if (this.#meta.number("epoch") !== record.epoch - 1) {
        throw new DataflowError(
          "DF_BUG",
          `epoch ${record.epoch} does not follow ${this.#meta.number("epoch")}`,
        );
      }
      this.#storeChunks(record.epoch, checkpoint.chunks);
      const mark = this.#prepare("INSERT INTO mark VALUES (?, ?, ?, ?, ?)");
      for (const { source, split, position, clock } of checkpoint.marks) {
        mark.run(source, split, JSON.stringify(position), clock, record.epoch);
      }
      // Nothing is made of them but answers to people.
      this.#prepare("DELETE FROM mark WHERE rowid <= (SELECT max(rowid) FROM mark) - ?").run(MARKS_KEPT);
      this.#held.insert(record.epoch, checkpoint.held);
      const sink = this.#prepare("INSERT OR REPLACE INTO sink VALUES (?, ?, ?, ?)");
      for (const { id, connector, options, shape } of checkpoint.sinks) {
        sink.run(id, connector, JSON.stringify(options), JSON.stringify(shape));
      }
      this.#prepare("DELETE FROM checkpoint").run();
      this.#prepare("INSERT INTO checkpoint VALUES (?, ?)").run(record.epoch, JSON.stringify(record));
      this.#meta.set("epoch", record.epoch);
      this.#meta.set("fingerprint", checkpoint.fingerprint);
      this.#meta.set("drained", record.drained);
      // Commit point.
    });
    this.#identity = {
      ...this.#identity,
      epoch: record.epoch,
      fingerprint: checkpoint.fingerprint,
      drained: record.drained,
    };
  }

  /** The last checkpoint; undefined before the first. */
  lastCheckpoint(): CheckpointRecord | undefined {
    this.#assertOwner();
    const row = this.#prepare<[], { record: string }>("SELECT record FROM checkpoint").get();
    return row === undefined ? undefined : (JSON.parse(row.record) as CheckpointRecord);
  }

  /** The stored state of a node, in the order of epochs: what `chunks` takes, and how large each is. */
  chunkList(node: string): { id: number; sizeBytes: number }[] {
    this.#assertOwner();
    return this.#prepare<[string], { id: number; sizeBytes: number }>(
      "SELECT id, length(bytes) AS sizeBytes FROM chunk WHERE node = +? ORDER BY epoch, id",
    ).all(node);
  }

  /** Pieces of state, in this order. */
  chunks(ids: readonly number[]): NodeChunk[] {
    this.#assertOwner();
    const chunk = this.#prepare<
      [number],
      { node: string; tab: string; key_group: number; complete: number; bytes: Uint8Array }
    >("SELECT node, tab, key_group, complete, bytes FROM chunk WHERE id = ?");
    return ids.map((id) => {
      const { node, tab, key_group: keyGroup, complete, bytes } = present(chunk.get(id), `chunk ${id}`);
      return { node, table: tab, keyGroup, full: complete === 1, bytes };
    });
  }

  sinks(): SinkRecord[] {
    this.#assertOwner();
    return this.#prepare<[], { id: string; connector: string; options: string; shape: string }>(
      "SELECT * FROM sink ORDER BY id",
    )
      .all()
      .map((row) => ({
        id: row.id,
        connector: row.connector,
        options: JSON.parse(row.options) as Json,
        shape: JSON.parse(row.shape) as Shape,
      }));
  }

  /**
   * Gives nodes other ids in all that is stored of them, and returns the last checkpoint under these. No intent may be
   * open: its target is asked for it under the id that it was decided with.
   */
  rename(renames: Renames): CheckpointRecord | undefined {
    this.#transaction(() => {
      this.#assertOwner();
      renameRows(this.#db, renames);
      const record = this.lastCheckpoint();
      if (record !== undefined)
        this.#prepare("UPDATE checkpoint SET record = ?").run(JSON.stringify(renamedRecord(record, renames)));
      const fingerprint = this.#meta.get("fingerprint");
      if (fingerprint !== undefined) this.#meta.set("fingerprint", renamedFingerprint(fingerprint, renames));
      // Commit point.
    });
    this.#identity = { ...this.#identity, fingerprint: this.#meta.get("fingerprint") };
    return this.lastCheckpoint();
  }

  /** The ids that a sink had before. */
  formerIds(sink: string): string[] {
    this.#assertOwner();
    return this.#prepare<[string], { old: string }>(
      "SELECT old FROM former_id WHERE sink = +? AND old <> sink ORDER BY old",
    )
      .all(sink)
      .map(({ old }) => old);
  }

  /** Forgets a sink that has nothing left to show. */
  forgetSink(sink: string): void {
    this.#transaction(() => {
      this.#assertOwner();
      this.#delivered.forget(sink);
      this.#keys.clear(sink);
      this.#prepare("DELETE FROM former_id WHERE sink = ?").run(sink);
      this.#prepare("DELETE FROM sink WHERE id = ?").run(sink);
    });
  }

  /** What each sink holds and has not yet staged. */
  undelivered(): Undelivered[] {
    this.#assertOwner();
    return this.#held.undelivered();
  }

  /** A frame that is held, in the order epoch, shard, number; `after` continues behind the last one. */
  heldFrames(sink: string, through: number, after: number, limit: number): HeldFrame[] {
    this.#assertOwner();
    return this.#held.frames(sink, through, after, limit);
  }

  /** Keeps what is decided, with the changes of the key index. */
  storeIntent({ sink, rows, intent }: StoredIntent, index: IndexChanges): void {
    this.#transaction(() => {
      this.#assertOwner();
      this.#prepare("INSERT INTO intent VALUES (?, ?, ?, ?)").run(
        sink,
        intent.marker.epoch,
        rows,
        JSON.stringify(intent),
      );
      this.#keys.stage(sink, index);
      // Commit point: what is staged will become visible.
    });
  }

  intents(): StoredIntent[] {
    this.#assertOwner();
    const rows = this.#prepare<[], { sink: string; rows: number; record: string }>(
      "SELECT sink, rows, record FROM intent ORDER BY sink",
    ).all();
    return rows.map(({ sink, rows: count, record }) => ({
      sink,
      rows: count,
      intent: JSON.parse(record) as Intent,
    }));
  }

  /** Ends a delivery: the rows are visible, so what was held and intended goes, and the changes of the index count. */
  recordDelivery({ sink, delivered, rows }: Delivery): void {
    this.#transaction(() => {
      this.#assertOwner();
      this.#held.drop(sink, delivered.epoch);
      this.#prepare("DELETE FROM intent WHERE sink = ?").run(sink);
      // An index that is not known is made again of the table: what is decided of it may be in an older form.
      if (this.#keys.version(sink) === undefined) this.#keys.unstage(sink);
      else {
        this.#keys.settle(sink);
        this.#keys.setVersion(sink, delivered.version);
      }
      this.#delivered.add(sink, delivered, rows);
    });
    this.#held.tidy();
    // What the next epochs will fill again is kept.
    giveBackPages(this.#db, FREE_PAGES_KEPT);
  }

  /** The last deliveries of a sink, newest first: as many as are kept, or `limit`. */
  deliveries(sink: string, limit?: number): Delivered[] {
    this.#assertOwner();
    return this.#delivered.last(sink, limit);
  }

  indexGet(sink: string, keys: ByteStrings): ByteStrings {
    return this.#transaction(() => {
      this.#assertOwner();
      return this.#keys.get(sink, keys);
    });
  }

  indexVersion(sink: string): string | undefined {
    this.#assertOwner();
    return this.#keys.version(sink);
  }

  /** What the intent of a sink changes in its index. */
  indexDecided(sink: string): IndexChanges {
    this.#assertOwner();
    return this.#keys.staged(sink);
  }

  /** Begins a rebuild: the index is empty and has no version until `indexFinish`. */
  indexClear(sink: string): void {
    this.#transaction(() => {
      this.#assertOwner();
      this.#keys.clear(sink);
    });
  }

  indexAdd(sink: string, entries: IndexChanges): void {
    this.#transaction(() => {
      this.#assertOwner();
      this.#keys.add(sink, entries);
    });
  }

  indexFinish(sink: string, version: string): void {
    this.#transaction(() => {
      this.#assertOwner();
      this.#keys.setVersion(sink, version);
    });
  }

  /** Copies the state, which may hold nothing undelivered, to a savepoint beside it. @throws as `writeSavepoint` */
  savepoint(request: SavepointRequest): Savepoint {
    this.#assertOwner();
    return this.#disk.keep(this.#db, request);
  }

  /** From now on it catches up with targets that other states have written. */
  beginAdoption(adopted: readonly Adopted[]): void {
    this.#transaction(() => {
      this.#assertOwner();
      beginAdoption(this.#db, this.#meta, adopted);
    });
  }

  /** It has caught up with them: it goes on where they end. */
  finishAdoption(taken: readonly Taken[]): void {
    this.#transaction(() => {
      this.#assertOwner();
      for (const { sink, through } of taken) this.#held.drop(sink, through);
      for (const { sink, delivered } of taken) {
        this.#keys.clear(sink);
        this.#delivered.forget(sink);
        this.#delivered.add(sink, delivered, 0);
      }
      finishAdoption(this.#db, this.#meta);
      // Commit point.
    });
    this.#held.tidy();
  }

  close(): void {
    this.#held.close();
    this.#db.close();
  }

  #storeChunks(epoch: number, chunks: readonly NodeChunk[]): void {
    const replace = this.#prepare(
      "DELETE FROM chunk WHERE node = ? AND tab = ? AND key_group = ? AND epoch < ?",
    );
    const insert = this.#prepare(
      "INSERT INTO chunk (node, tab, key_group, epoch, complete, bytes) VALUES (?, ?, ?, ?, ?, ?)",
    );
    for (const { node, table, keyGroup, full, bytes } of chunks) {
      if (full) replace.run(node, table, keyGroup, epoch);
      insert.run(node, table, keyGroup, epoch, full ? 1 : 0, bytes);
    }
  }

  #assertOwner(): void {
    if (this.#meta.number("owner") === this.#identity.owner) return;
    throw new DataflowError(
      "DF_FENCED",
      `Another process has taken over the state of "${this.#identity.pipeline}"; this one stops without writing.`,
    );
  }

  #transaction<T>(work: () => T): T {
    return this.#db.transaction(work).immediate();
  }

  /** A statement is compiled once. */
  #prepare<Given extends unknown[] = unknown[], Row = unknown>(sql: string): SqlStatement<Given, Row> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement as SqlStatement<Given, Row>;
  }
}
