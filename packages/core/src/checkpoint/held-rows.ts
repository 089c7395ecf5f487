import { assert, present } from "../assert.ts";
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

/** Where a frame lies: in the database, or in a file from `place` on. */
interface PlacedRows extends Omit<HeldFrame, "bytes"> {
  readonly length: number;
  readonly place: number | null;
  readonly bytes: Uint8Array | null;
}

/** A row of the table `held`. */
interface HeldRow extends PlacedRows {
  readonly epoch: Epoch;
  readonly file: string | null;
}

/** How far frames up to an epoch were read: `after` of them, the last of which was that one. */
interface ReadTo {
  readonly through: Epoch;
  readonly after: number;
  readonly last: Pick<HeldRow, "epoch" | "shard" | "seq">;
}

/** The frames of an epoch that is not yet decided, in the file that it will name. */
interface Appended {
  readonly epoch: Epoch;
  readonly file: string;
  readonly frames: PlacedRows[];
  bytes: number;
}

/** What sinks hold and have not yet staged: rows of the table `held`, or parts of files that they name. */
export class HeldRows {
  readonly #disk: SpoolDisk;
  readonly #insert: SqlStatement;
  readonly #undelivered: SqlStatement<[], Undelivered>;
  readonly #frames: SqlStatement<[string, Epoch, number, number], HeldRow>;
  readonly #framesBehind: SqlStatement<[string, Epoch, number, number, number, number], HeldRow>;
  readonly #drop: SqlStatement<[string, Epoch]>;
  readonly #filesOf: SqlStatement<[string, Epoch], { readonly file: string }>;
  readonly #files: SqlStatement<[], { readonly file: string }>;
  /** Files of rows that were forgotten since the last `tidy`. */
  readonly #forgotten: Set<string> = new Set();
  /** What processes before have left behind is gone. */
  #isClean = false;
  #appended: Appended | undefined;
  /** By sink: several may be read in turn. */
  readonly #readTo: Map<string, ReadTo> = new Map();

  constructor(db: SqlDatabase, disk: SpoolDisk) {
    this.#disk = disk;
    this.#insert = db.prepare("INSERT INTO held VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.#undelivered = db.prepare(
      "SELECT sink, sum(rows) AS rows, sum(length) AS bytes FROM held GROUP BY sink ORDER BY sink",
    );
    this.#frames = db.prepare(
      "SELECT * FROM held WHERE sink = +? AND epoch <= +? ORDER BY epoch, shard, seq LIMIT +? OFFSET +?",
    );
    this.#framesBehind = db.prepare(
      "SELECT * FROM held WHERE sink = +? AND (epoch, shard, seq) > (+?, +?, +?) AND epoch <= +? " +
        "ORDER BY epoch, shard, seq LIMIT +?",
    );
    this.#drop = db.prepare("DELETE FROM held WHERE sink = ? AND epoch <= ?");
    this.#filesOf = db.prepare(
      "SELECT DISTINCT file FROM held WHERE sink = +? AND epoch <= +? AND file IS NOT NULL",
    );
    this.#files = db.prepare("SELECT DISTINCT file FROM held WHERE file IS NOT NULL");
  }

  /**
   * Writes frames of an epoch to its file, ahead of the transaction that decides it. The first time it removes the
   * files that were never decided, and not earlier: a start that is refused, of a state that was set back, leaves what
   * a newer one names.
   */
  append(owner: number, epoch: Epoch, held: readonly HeldFrame[]): void {
    this.#clean();
    if (this.#appended?.epoch !== epoch) {
      this.#appended = { epoch, file: spoolName(owner, epoch), frames: [], bytes: 0 };
    }
    const appended = this.#appended;
    const parts = held.map(({ bytes }) => bytes);
    this.#disk.spool.append(appended.file, parts);
    for (const { bytes, ...frame } of held) {
      appended.frames.push({ ...frame, length: bytes.length, place: appended.bytes, bytes: null });
      appended.bytes += bytes.length;
    }
  }

  /**
   * The last frames of an epoch, behind the `ahead` ones that were appended. Where all of them are many, their file is
   * durable once this returns.
   */
  seal(owner: number, epoch: Epoch, held: readonly HeldFrame[], ahead: number): void {
    this.#clean();
    const appended = this.#appended?.epoch === epoch ? this.#appended.frames.length : 0;
    assert(appended === ahead, `epoch ${epoch} has ${appended} frames ahead of it instead of ${ahead}`);
    const bytes = held.reduce((sum, frame) => sum + frame.bytes.length, 0);
    if (appended === 0 && bytes < this.#disk.spooledBytesMin) return;
    this.append(owner, epoch, held);
    this.#disk.spool.seal(spoolName(owner, epoch));
  }

  /** Writes down the frames of an epoch, after `seal`. */
  insert(epoch: Epoch, held: readonly HeldFrame[]): void {
    const { file, frames } = this.#appended?.epoch === epoch ? this.#appended : inDatabase(held);
    for (const { sink, shard, seq, rows, length, place, bytes } of frames) {
      this.#insert.run(sink, epoch, shard, seq, rows, length, file, place, bytes);
    }
  }

  close(): void {
    this.#disk.spool.close();
  }

  undelivered(): Undelivered[] {
    return this.#undelivered.all();
  }

  /** Frames up to an epoch, in the order epoch, shard, number, `limit` of them behind the first `after`. */
  frames(sink: string, through: Epoch, after: number, limit: number): HeldFrame[] {
    const found = this.#rows(sink, through, after, limit);
    const last = found.at(-1);
    if (last === undefined) this.#readTo.delete(sink);
    else this.#readTo.set(sink, { through, after: after + found.length, last: numbersOf(last) });
    return found.map(({ shard, seq, rows, length, file, place, bytes }) => ({
      sink,
      shard,
      seq,
      rows,
      bytes: bytes ?? this.#disk.spool.read(present(file, "file"), present(place, "place"), length),
    }));
  }

  /** Goes on where it was read to: counting thousands of frames again for every few of them takes a second in all. */
  #rows(sink: string, through: Epoch, after: number, limit: number): HeldRow[] {
    const to = this.#readTo.get(sink);
    if (to?.through !== through || to.after !== after) return this.#frames.all(sink, through, limit, after);
    const { epoch, shard, seq } = to.last;
    return this.#framesBehind.all(sink, epoch, shard, seq, through, limit);
  }

  /** Forgets what is visible; `tidy` then frees the disk. */
  drop(sink: string, through: Epoch): void {
    this.#readTo.delete(sink);
    for (const { file } of this.#filesOf.all(sink, through)) this.#forgotten.add(file);
    this.#drop.run(sink, through);
  }

  /** Removes the files whose rows are all visible. */
  tidy(): void {
    const named = this.#named();
    for (const file of this.#forgotten) if (!named.has(file)) this.#disk.spool.remove(file);
    this.#forgotten.clear();
  }

  #clean(): void {
    if (!this.#isClean) this.#disk.spool.keepOnly(this.#named());
    this.#isClean = true;
  }

  /** The files that count. */
  #named(): ReadonlySet<string> {
    return new Set(this.#files.all().map(({ file }) => file));
  }
}

/** Without the bytes: those are given away. */
function numbersOf({ epoch, shard, seq }: HeldRow): ReadTo["last"] {
  return { epoch, shard, seq };
}

function inDatabase(held: readonly HeldFrame[]): {
  readonly file: null;
  readonly frames: readonly PlacedRows[];
} {
  return { file: null, frames: held.map((frame) => ({ ...frame, length: frame.bytes.length, place: null })) };
}
