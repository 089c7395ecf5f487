/**
 * The bytes of a chunk, version 1; little-endian, all parts begin at a multiple of 8:
 *
 *     int32  magic "DFST"
 *     int32  CRC-32 of everything behind it
 *     int32  version
 *     int32  key group
 *     int32  1 if full
 *     int32  sequence: 0 in the first piece of a set; that of a full set makes older chunks of the group void
 *     int32  dropped panes, removed rows, rows
 *     int32  bytes of the layout
 *     layout, UTF-8, one column a line (see table-layout.ts)
 *     dropped panes: a double each
 *     removed rows: pane (double, only in tables with panes), key record (see row-records.ts)
 *     rows: pane, row record
 *
 * They apply in this order: a pane may be dropped and a row removed, and both be there again.
 */
import { crc32 } from "node:zlib";
import { DataflowError } from "../error.ts";
import { padded, RecordBytes } from "./row-records.ts";
import type { Chunk } from "./state-store.ts";

/** Bytes of a chunk at most, unless a single record is larger. */
export const CHUNK_BYTES_MAX: number = 8 * 1024 * 1024;
const MAGIC = 0x54534644;
const VERSION = 1;
const HEADER_BYTES = 40;
/** The part behind magic and checksum. */
const CHECKED_FROM = 8;

const FIELD = {
  magic: 0,
  crc: 1,
  version: 2,
  keyGroup: 3,
  full: 4,
  sequence: 5,
  drops: 6,
  layoutBytes: 9,
} as const;
/** The parts of a chunk, in their order; counted in the header from `FIELD.drops` on. */
const PARTS = ["drops", "removals", "rows"] as const;
export type ChunkPart = (typeof PARTS)[number];

/** A chunk that has been checked, not yet applied. */
export interface ReadChunk {
  readonly table: string;
  readonly keyGroup: number;
  readonly full: boolean;
  readonly sequence: number;
  /** See table-layout.ts. */
  readonly layoutLines: readonly string[];
  readonly counts: Readonly<Record<ChunkPart, number>>;
  /** Where the first part begins in `bytes`. */
  readonly startBytes: number;
  /** Begins at a multiple of 8 in its buffer. */
  readonly bytes: Uint8Array;
}

/** Where records are written. */
export interface RecordRoom {
  readonly target: RecordBytes;
  readonly at: number;
  readonly count: number;
}

/** Writes the pieces of one key group after another. A record larger than a piece gets a piece of its own. */
export class ChunkWriter {
  readonly chunks: Chunk[] = [];
  readonly #table: string;
  readonly #layout: Uint8Array;
  readonly #target: RecordBytes = new RecordBytes();
  readonly #bytesMax: number;
  #keyGroup = 0;
  #full = false;
  #sequence = 0;
  #records = 0;

  constructor(table: string, layoutLines: readonly string[], bytesMax: number = CHUNK_BYTES_MAX) {
    this.#table = table;
    this.#layout = new TextEncoder().encode(layoutLines.join("\n"));
    this.#bytesMax = bytesMax;
  }

  begin(keyGroup: number, full: boolean): void {
    this.#keyGroup = keyGroup;
    this.#full = full;
    this.#sequence = 0;
    this.#beginPiece();
  }

  /**
   * Room for up to `wanted` records of one size: the caller writes them from byte `at` of the target on, before the
   * next call, and then asks again for those beyond `count`.
   */
  add(part: ChunkPart, sizeBytes: number, wanted: number = 1): RecordRoom {
    const target = this.#target;
    if (this.#records > 0 && target.usedBytes + sizeBytes > this.#bytesMax) {
      this.#endPiece();
      this.#sequence++;
      this.#beginPiece();
    }
    const fitting = Math.floor((this.#bytesMax - target.usedBytes) / Math.max(sizeBytes, 1));
    const count = Math.max(1, Math.min(wanted, fitting));
    this.#records += count;
    const at = target.add(sizeBytes * count);
    const field = FIELD.drops + PARTS.indexOf(part);
    target.ints[field] = (target.ints[field] as number) + count;
    return { target, at, count };
  }

  /** Ends the set. A full one is written even when it is empty, a delta is not. */
  end(): void {
    if (this.#records > 0 || this.#full) this.#endPiece();
  }

  #beginPiece(): void {
    const target = this.#target;
    target.usedBytes = 0;
    this.#records = 0;
    const at = target.add(HEADER_BYTES + padded(this.#layout.length));
    target.bytes.fill(0, at, target.usedBytes);
    target.bytes.set(this.#layout, HEADER_BYTES);
    target.ints[FIELD.magic] = MAGIC;
    target.ints[FIELD.version] = VERSION;
    target.ints[FIELD.keyGroup] = this.#keyGroup;
    target.ints[FIELD.full] = this.#full ? 1 : 0;
    target.ints[FIELD.sequence] = this.#sequence;
    target.ints[FIELD.layoutBytes] = this.#layout.length;
  }

  #endPiece(): void {
    const { bytes, ints, usedBytes } = this.#target;
    ints[FIELD.crc] = crc32(bytes.subarray(CHECKED_FROM, usedBytes)) | 0;
    this.chunks.push({
      table: this.#table,
      keyGroup: this.#keyGroup,
      full: this.#full,
      bytes: bytes.slice(0, usedBytes),
    });
  }
}

/** Checks a chunk. @throws DF_CORRUPT naming the table */
export function readChunk(chunk: Chunk): ReadChunk {
  const { table, keyGroup, full } = chunk;
  // A row of a database may begin anywhere in its buffer.
  const bytes = chunk.bytes.byteOffset % 8 === 0 ? chunk.bytes : new Uint8Array(chunk.bytes);
  if (bytes.length < HEADER_BYTES || bytes.length % 8 !== 0)
    throw corrupt(table, `has ${bytes.length} bytes`);
  const ints = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const field = (at: number): number => ints[at] as number;
  if (field(FIELD.magic) !== MAGIC) throw corrupt(table, "does not begin as one");
  if (field(FIELD.crc) !== (crc32(bytes.subarray(CHECKED_FROM)) | 0))
    throw corrupt(table, "fails its checksum");
  if (field(FIELD.version) !== VERSION) {
    throw new DataflowError(
      "DF_STATE_CHANGED",
      `State table "${table}" was stored in format ${field(FIELD.version)}; this version reads format ${VERSION}. ` +
        `Run the version that wrote it.`,
    );
  }
  if (field(FIELD.keyGroup) !== keyGroup || (field(FIELD.full) === 1) !== full) {
    throw corrupt(table, `is of key group ${field(FIELD.keyGroup)}, and is stored as one of ${keyGroup}`);
  }
  const layoutBytes = field(FIELD.layoutBytes);
  const layout = new TextDecoder().decode(bytes.subarray(HEADER_BYTES, HEADER_BYTES + layoutBytes));
  return {
    table,
    keyGroup,
    full,
    sequence: field(FIELD.sequence),
    layoutLines: layout.split("\n"),
    counts: { drops: field(FIELD.drops), removals: field(FIELD.drops + 1), rows: field(FIELD.drops + 2) },
    startBytes: HEADER_BYTES + padded(layoutBytes),
    bytes,
  };
}

/** @throws always DF_CORRUPT; `what` continues "A chunk … " */
export function corrupt(table: string, what: string): DataflowError {
  return new DataflowError(
    "DF_CORRUPT",
    `A chunk of state table "${table}" ${what}. The state file is damaged: restore it from a savepoint or a copy.`,
  );
}
