/**
 * The bytes of a chunk, version 2; little-endian, all parts begin at a multiple of 8:
 *
 *     int32  magic "DFST"
 *     int32  CRC-32 of everything behind it
 *     int32  version
 *     int32  key group
 *     int32  1 if full
 *     int32  sequence: 0 in the first piece of a set; that of a full set makes older chunks of the group void
 *     int32  dropped panes, removed rows, rows
 *     int32  bytes of the layout
 *     int32  ints of a packed row, 0 if rows are not packed
 *     int32  where packed rows begin, in bytes
 *     layout, UTF-8, one column a line (see table-layout.ts)
 *     dropped panes: a double each
 *     removed rows: pane (double, only in tables with panes), key record (see row-records.ts)
 *     rows: pane, row record; packed if all have one size (see packed-rows.ts)
 *
 * They apply in this order: a pane may be dropped and a row removed, and both be there again. Version 1, which is still
 * read, has no packed rows, and its layout begins two ints earlier.
 */
import { crc32 } from "node:zlib";
import { DataflowError } from "../error.ts";
import { packedInts, packRows, unpackRows, varyingInts } from "./packed-rows.ts";
import { padded, type RecordBytes } from "./row-records.ts";
import type { Chunk } from "./state-store.ts";
import type { TableLayout } from "./table-layout.ts";

/** Bytes of a chunk at most, unless a single record is larger. */
export const CHUNK_BYTES_MAX: number = 8 * 1024 * 1024;
const MAGIC = 0x54534644;
const VERSION = 2;
const HEADER_BYTES = 48;
/** Of version 1. */
const FIRST_HEADER_BYTES = 40;
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
  rows: 8,
  layoutBytes: 9,
  packedInts: 10,
  packedAt: 11,
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
  #chunks: Chunk[] = [];
  readonly #table: string;
  readonly #layout: Uint8Array;
  readonly #target: RecordBytes;
  readonly #bytesMax: number;
  #keyGroup = 0;
  #full = false;
  #sequence = 0;
  #records = 0;
  /** Where the rows of the piece begin, and the bytes of each; 0 where they have several sizes. */
  #rowsAt = 0;
  #rowBytes = 0;

  /** Pieces are made in `target`, which others may use again afterwards. */
  constructor(layout: TableLayout, target: RecordBytes, bytesMax: number = CHUNK_BYTES_MAX) {
    this.#table = layout.table;
    this.#layout = new TextEncoder().encode(layout.lines.join("\n"));
    this.#target = target;
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
    if (part === "rows") this.#noteSize(at, sizeBytes);
    target.ints[field] = (target.ints[field] as number) + count;
    return { target, at, count };
  }

  /** The pieces since the last call. */
  take(): readonly Chunk[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
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

  #noteSize(at: number, sizeBytes: number): void {
    if (this.#target.ints[FIELD.rows] === 0) {
      this.#rowsAt = at;
      this.#rowBytes = sizeBytes;
    } else if (sizeBytes !== this.#rowBytes) this.#rowBytes = 0;
  }

  #endPiece(): void {
    const bytes = this.#finished();
    const ints = new Int32Array(bytes.buffer);
    ints[FIELD.crc] = crc32(bytes.subarray(CHECKED_FROM)) | 0;
    this.#chunks.push({ table: this.#table, keyGroup: this.#keyGroup, full: this.#full, bytes });
  }

  /** The piece in bytes of its own, its rows packed if they have one size. */
  #finished(): Uint8Array {
    const { ints, bytes, usedBytes } = this.#target;
    const count = ints[FIELD.rows] as number;
    const rowInts = this.#rowBytes / 4;
    if (count === 0 || rowInts === 0) return bytes.slice(0, usedBytes);
    const rows = { ints, start: this.#rowsAt / 4, count, rowInts };
    const varying = varyingInts(rows);
    const piece = new Int32Array(rows.start + packedInts(rowInts, varying.length, count));
    piece.set(ints.subarray(0, rows.start));
    piece[FIELD.packedInts] = rowInts;
    piece[FIELD.packedAt] = this.#rowsAt;
    packRows(rows, varying, piece, rows.start);
    return new Uint8Array(piece.buffer);
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
  const version = field(FIELD.version);
  if (version !== 1 && version !== VERSION) {
    throw new DataflowError(
      "DF_STATE_CHANGED",
      `State table "${table}" was stored in format ${version}; this version reads formats 1 and ${VERSION}. ` +
        `Run the version that wrote it.`,
    );
  }
  if (field(FIELD.keyGroup) !== keyGroup || (field(FIELD.full) === 1) !== full) {
    throw corrupt(table, `is of key group ${field(FIELD.keyGroup)}, and is stored as one of ${keyGroup}`);
  }
  const layoutBytes = field(FIELD.layoutBytes);
  const headerBytes = version === 1 ? FIRST_HEADER_BYTES : HEADER_BYTES;
  const layout = new TextDecoder().decode(bytes.subarray(headerBytes, headerBytes + layoutBytes));
  const layoutLines = layout.split("\n");
  const counts = { drops: field(FIELD.drops), removals: field(FIELD.drops + 1), rows: field(FIELD.rows) };
  const sequence = field(FIELD.sequence);
  const startBytes = headerBytes + padded(layoutBytes);
  const read = { table, keyGroup, full, sequence, layoutLines, counts, startBytes, bytes };
  const rowInts = version === 1 ? 0 : field(FIELD.packedInts);
  return rowInts === 0 ? read : unpacked(read, field(FIELD.packedAt) / 4, rowInts);
}

/** The chunk with its rows, packed from int `at` on, as they were before. @throws DF_CORRUPT */
function unpacked(chunk: ReadChunk, at: number, rowInts: number): ReadChunk {
  const { bytes, startBytes, counts, table } = chunk;
  const packed = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const before = packed.subarray(startBytes / 4, at);
  const ints = new Int32Array(before.length + counts.rows * rowInts);
  ints.set(before);
  const rows = { ints, start: before.length, count: counts.rows, rowInts };
  if (unpackRows(packed, at, rows) !== packed.length) {
    throw corrupt(table, `has ${counts.rows} packed rows of ${rowInts} ints that do not fill it`);
  }
  return { ...chunk, startBytes: 0, bytes: new Uint8Array(ints.buffer) };
}

/** @throws always DF_CORRUPT; `what` continues "A chunk … " */
export function corrupt(table: string, what: string): DataflowError {
  return new DataflowError(
    "DF_CORRUPT",
    `A chunk of state table "${table}" ${what}. The state file is damaged: restore it from a savepoint or a copy.`,
  );
}
