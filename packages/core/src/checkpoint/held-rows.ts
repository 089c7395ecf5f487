import { present } from "../assert.ts";
import type { Epoch } from "../stream.ts";
import type { HeldFrame, Undelivered } from "./records.ts";
import { type Spool, spoolName } from "./spool.ts";
import type { SqlDatabase, SqlStatement } from "./sql.ts";

/** Where held rows lie besides the database. */
export interface SpoolDisk {
  readonly spool: Spool;
  /** See `SPOOLED_BYTES_MIN`. */
  readonly spooledBytesMin: number;
}

/** A row of the table `held`. */
interface HeldRow extends Omit<HeldFrame, "bytes"> {
  readonly length: number;
  readonly file: string | null;
  readonly place: number | null;
  readonly bytes: Uint8Array | null;
}

/** What sinks hold and have not yet staged: rows of the table `held`, or parts of files that they name. */
export class HeldRows {
  readonly #disk: SpoolDisk;
  readonly #insert: SqlStatement;
  readonly #undelivered: SqlStatement<[], Undelivered>;
  readonly #frames: SqlStatement<[string, Epoch, number, number], HeldRow>;
  readonly #drop: SqlStatement<[string, Epoch]>;
  readonly #filesOf: SqlStatement<[string, Epoch], { readonly file: string }>;
  readonly #files: SqlStatement<[], { readonly file: string }>;
  /** Files of rows that were forgotten since the last `tidy`. */
  readonly #forgotten: Set<string> = new Set();
  /** What processes before have left behind is gone. */
  #isClean = false;

  constructor(db: SqlDatabase, disk: SpoolDisk) {
    this.#disk = disk;
    this.#insert = db.prepare("INSERT INTO held VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.#undelivered = db.prepare(
      "SELECT sink, sum(rows) AS rows, sum(length) AS bytes FROM held GROUP BY sink ORDER BY sink",
    );
    this.#frames = db.prepare(
      "SELECT * FROM held WHERE sink = ? AND epoch <= ? ORDER BY epoch, shard, seq LIMIT ? OFFSET ?",
    );
    this.#drop = db.prepare("DELETE FROM held WHERE sink = ? AND epoch <= ?");
    this.#filesOf = db.prepare(
      "SELECT DISTINCT file FROM held WHERE sink = ? AND epoch <= ? AND file IS NOT NULL",
    );
    this.#files = db.prepare("SELECT DISTINCT file FROM held WHERE file IS NOT NULL");
  }

  /**
   * Writes what an epoch holds to a file, durably, where it is much: before the transaction that decides it. Returns
   * the name of the file, for `insert`. The first time it removes the files that were never decided, and not earlier: a
   * start that is refused, of a state that was set back, leaves what a newer one names.
   */
  spool(owner: number, epoch: Epoch, held: readonly HeldFrame[]): string | undefined {
    if (!this.#isClean) this.#disk.spool.keepOnly(this.#named());
    this.#isClean = true;
    const parts = held.map(({ bytes }) => bytes);
    if (parts.reduce((sum, { length }) => sum + length, 0) < this.#disk.spooledBytesMin) return undefined;
    const file = spoolName(owner, epoch);
    this.#disk.spool.write(file, parts);
    return file;
  }

  insert(epoch: Epoch, held: readonly HeldFrame[], file: string | undefined): void {
    let place = 0;
    for (const { sink, shard, seq, rows, bytes } of held) {
      const lies = file === undefined ? [null, null, bytes] : [file, place, null];
      this.#insert.run(sink, epoch, shard, seq, rows, bytes.length, ...lies);
      place += bytes.length;
    }
  }

  undelivered(): Undelivered[] {
    return this.#undelivered.all();
  }

  /** Frames up to an epoch, in the order epoch, shard, number, `limit` of them behind the first `after`. */
  frames(sink: string, through: Epoch, after: number, limit: number): HeldFrame[] {
    return this.#frames
      .all(sink, through, limit, after)
      .map(({ shard, seq, rows, length, file, place, bytes }) => ({
        sink,
        shard,
        seq,
        rows,
        bytes: bytes ?? this.#disk.spool.read(present(file, "file"), present(place, "place"), length),
      }));
  }

  /** Forgets what is visible; `tidy` then frees the disk. */
  drop(sink: string, through: Epoch): void {
    for (const { file } of this.#filesOf.all(sink, through)) this.#forgotten.add(file);
    this.#drop.run(sink, through);
  }

  /** Removes the files whose rows are all visible. */
  tidy(): void {
    const named = this.#named();
    for (const file of this.#forgotten) if (!named.has(file)) this.#disk.spool.remove(file);
    this.#forgotten.clear();
  }

  /** The files that count. */
  #named(): ReadonlySet<string> {
    return new Set(this.#files.all().map(({ file }) => file));
  }
}
