/**
 * Batches as self-contained bytes: what shards exchange and what a checkpoint holds of a sink's rows. Clocks and origin
 * are not part of it.
 *
 * A frame, little-endian throughout: `44 46 42 03` ("DFB", version 3), CRC-32 of all that follows, bytes of the whole
 * frame, number of blocks, bytes of the header, the version again (u32; 0 in version 2), the header as JSON (schema and
 * change mode), then the blocks, each a batch of at most `BATCH_ROWS_MAX` rows. Each of these parts, and each of the
 * following, begins at a multiple of eight, with zeros before it where need be, so that arrays can lie over the bytes
 * as they are:
 * - rows (u32), flags (u32: 1 there are diffs, 2 all times are equal, 4 all diffs are equal, as below); diffs (i32 a
 *   row, or one f64); times (f64, one or one a row);
 * - per column flags (u32: 1 there are nulls, 2 wide), bytes of its text (u32); if there are nulls a bitmap, 1 is not
 *   null; then for bool a bitmap; int i32 a row; long f64, or if wide i64, a row; double f64 a row;
 *   text i32 a row, where it begins in the bytes that follow, and one more for the end of the last one; these bytes.
 *
 * Where the second byte of flags is not 0, times, longs or doubles are a base (f64) and what each is above it, in one
 * byte less than that second byte says: `frame-numbers.ts`. Frames of version 2 have no such flags, and are read as
 * those of version 3. Frames of version 1 are read, too: `frame-reader-1.ts`.
 */
import { crc32 } from "node:zlib";
import { assert } from "../assert.ts";
import { DataflowError } from "../error.ts";
import { canonicalJson } from "../json.ts";
import type { Json } from "../json.ts";
import type { Schema } from "../schema/schema.ts";
import { FRESH_ARRAYS, type Arrays } from "./arrays.ts";
import { BATCH_ROWS_MAX } from "./batch.ts";
import type { Batch, ChangeMode } from "./batch.ts";
import { aligned } from "./frame-block.ts";
import { emptyBlockBytes, planBlock, rowBytes } from "./frame-plan.ts";
import type { Piece } from "./frame-plan.ts";
import { readBlock1 } from "./frame-reader-1.ts";
import { readBlock } from "./frame-reader.ts";
import { writeBlock } from "./frame-writer.ts";

/** Bytes of a frame at most, unless one row alone is larger. */
export const FRAME_BYTES_MAX: number = 8 * 1024 * 1024;

const MAGIC = 0x03424644;
const MAGIC_2 = 0x02424644;
const MAGIC_1 = 0x01424644;
/** In the last four bytes of the head; 0 in version 2. */
const VERSION = 3;
const AGAIN_AT = 20;
const HEAD_BYTES = 24;
const HEAD_1_BYTES = 20;

/** Rows that become one batch again. */
interface Block {
  readonly pieces: readonly Piece[];
  /** Upper bound. */
  readonly bytes: number;
}

/**
 * Frames of batches, in their order, each at most `bytesMax` bytes unless a single row, or the two halves of an update,
 * need more. All batches have equal schema and change mode. Small batches are joined and large ones cut, never between
 * the halves of an update.
 */
export function encodeFrames(batches: readonly Batch[], bytesMax: number = FRAME_BYTES_MAX): Uint8Array[] {
  const first = batches[0];
  if (first === undefined) return [];
  const header = Buffer.from(JSON.stringify({ change: first.change, fields: first.schema.fields }));
  for (const batch of batches) {
    assert(
      batch.change === first.change && sameSchema(batch.schema, first.schema),
      "a frame holds batches of one shape",
    );
  }
  const room = bytesMax - aligned(HEAD_BYTES + header.length);
  const frames: Uint8Array[] = [];
  let blocks: Block[] = [];
  let used = 0;
  for (const block of blocksOf(batches, room)) {
    if (used + block.bytes > room && blocks.length > 0) {
      frames.push(frameOf(header, blocks));
      blocks = [];
      used = 0;
    }
    blocks.push(block);
    used += block.bytes;
  }
  if (blocks.length > 0) frames.push(frameOf(header, blocks));
  return frames;
}

/**
 * The batch of a frame that holds one: at most `BATCH_ROWS_MAX` rows went into it. Clocks are −∞, there is no origin.
 * @throws DF_CORRUPT as decodeFrames does
 */
export function decodeFrame(frame: Uint8Array): Batch {
  const batches = decodeFrames(frame);
  const [batch] = batches;
  assert(
    batch !== undefined && batches.length === 1,
    `a frame of ${batches.length} batches is read by decodeFrames`,
  );
  return batch;
}

/**
 * The batches of a frame, in their order. Their arrays lie over the frame where they can, so nobody may write to it any
 * more; it is kept as long as one of them is. Clocks are −∞, there is no origin.
 * @throws DF_CORRUPT when the bytes are not those that encodeFrames made
 */
export function decodeFrames(stored: Uint8Array): Batch[] {
  return decodeFramesInto(stored, FRESH_ARRAYS);
}

/** As `decodeFrames`; what cannot lie over the frame comes from `arrays`. */
export function decodeFramesInto(stored: Uint8Array, arrays: Arrays): Batch[] {
  // One that was read into the midst of a buffer is copied to where arrays can lie over it.
  const frame = stored.byteOffset % 8 === 0 ? stored : new Uint8Array(stored);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  // The checksum leaves out the version, which shows a second time: in these bytes version 1 has its header.
  const again = frame.length < HEAD_BYTES ? 0 : view.getUint32(AGAIN_AT, true);
  const magic = again === VERSION ? MAGIC : again === 0 ? MAGIC_2 : MAGIC_1;
  if (frame.length < HEAD_BYTES || view.getUint32(0, true) !== magic) {
    throw corrupt(`${frame.length} bytes do not begin as a frame of version 1 to 3 does`);
  }
  const bytes = view.getUint32(8, true);
  if (bytes !== frame.length) throw corrupt(`it has ${frame.length} bytes instead of ${bytes}`);
  const sum = crc32(frame.subarray(8));
  if (sum !== view.getUint32(4, true))
    throw corrupt(`its checksum is ${sum} instead of ${view.getUint32(4, true)}`);
  const headBytes = magic === MAGIC_1 ? HEAD_1_BYTES : HEAD_BYTES;
  const headerEnd = headBytes + view.getUint32(16, true);
  const text = new TextDecoder().decode(frame.subarray(headBytes, headerEnd));
  // The checksum has shown that these are bytes of our own.
  const header = JSON.parse(text) as Schema & { readonly change: ChangeMode };
  const schema: Schema = { fields: header.fields };
  const batches: Batch[] = [];
  let at = magic === MAGIC_1 ? headerEnd : aligned(headerEnd);
  for (let left = view.getUint32(12, true); left > 0; left--) {
    const block =
      magic === MAGIC_1
        ? readBlock1(frame, at, schema, header.change)
        : readBlock(frame, at, { schema, change: header.change, arrays });
    batches.push(block.batch);
    at = block.end;
  }
  assert(at === frame.length, "the blocks of a frame fill it");
  return batches;
}

function corrupt(what: string): DataflowError {
  return new DataflowError(
    "DF_CORRUPT",
    `A stored frame of rows is damaged: ${what}. Restore it from a copy.`,
  );
}

function sameSchema(a: Schema, b: Schema): boolean {
  return a === b || a.fields === b.fields || schemaText(a) === schemaText(b);
}

function schemaText(schema: Schema): string {
  return canonicalJson(schema.fields as unknown as Json);
}

/** Joins whole batches to blocks of at most `BATCH_ROWS_MAX` rows, and cuts where a block would exceed `room` bytes. */
function* blocksOf(batches: readonly Batch[], room: number): Generator<Block> {
  let pieces: Piece[] = [];
  let rows = 0;
  let bytes = 0;
  for (const batch of batches) {
    const { length } = batch;
    if (rows > 0 && rows + length > BATCH_ROWS_MAX) {
      yield { pieces, bytes };
      pieces = [];
      rows = 0;
    }
    let start = 0;
    while (start < length) {
      if (rows === 0) bytes = emptyBlockBytes(batch);
      const end = fitting(batch, start, { bytes: room - bytes, rows: BATCH_ROWS_MAX - rows });
      if (end > start) {
        const piece = { batch, start, end };
        pieces.push(piece);
        rows += end - start;
        bytes += rowBytes(piece);
        start = end;
      }
      if (start === length) break;
      yield { pieces, bytes };
      pieces = [];
      rows = 0;
    }
  }
  if (rows > 0) yield { pieces, bytes };
}

/** The end of the rows from `start` on that fit into what is left of a block; into an empty one at least one goes. */
function fitting(
  batch: Batch,
  start: number,
  left: { readonly bytes: number; readonly rows: number },
): number {
  const { length } = batch;
  if (length - start <= left.rows && rowBytes({ batch, start, end: length }) <= left.bytes) return length;
  let bytes = left.bytes;
  for (let row = start, next = 0; row < length; row = next) {
    next = row + (isFirstHalf(batch, row) ? 2 : 1);
    bytes -= rowBytes({ batch, start: row, end: next });
    const isFirst = row === start && left.rows === BATCH_ROWS_MAX;
    if (!isFirst && (bytes < 0 || next - start > left.rows)) return row;
  }
  return length;
}

/** Whether the row and the next one are the old and the new half of an update. */
function isFirstHalf({ change, diffs, length }: Batch, row: number): boolean {
  if (change !== "retract" || diffs === undefined || row + 1 >= length) return false;
  return (diffs[row] as number) < 0 && (diffs[row + 1] as number) > 0;
}

function frameOf(header: Uint8Array, blocks: readonly Block[]): Uint8Array {
  const plans = blocks.map(({ pieces }) => planBlock(pieces));
  const blocksAt = aligned(HEAD_BYTES + header.length);
  // No byte more: whoever stores the frame stores its buffer.
  const frame = new Uint8Array(plans.reduce((sum, { bytes }) => sum + bytes, blocksAt));
  frame.set(header, HEAD_BYTES);
  let end = blocksAt;
  for (const plan of plans) end = writeBlock(frame.buffer, end, plan);
  assert(end === frame.length, "a frame is as long as was planned");
  const view = new DataView(frame.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(8, frame.length, true);
  view.setUint32(12, blocks.length, true);
  view.setUint32(16, header.length, true);
  view.setUint32(AGAIN_AT, VERSION, true);
  view.setUint32(4, crc32(frame.subarray(8)), true);
  return frame;
}
