/**
 * Batches as self-contained bytes: what shards exchange and what a checkpoint holds of a sink's rows. Clocks and origin
 * are not part of it.
 *
 * A frame, little-endian throughout: `44 46 42 01` ("DFB", version 1), CRC-32 of all that follows, bytes of the whole
 * frame, number of blocks, bytes of the header, the header as JSON (schema and change mode), then the blocks, each a
 * batch of at most `BATCH_ROWS_MAX` rows:
 * - rows (u32), flags (u8: 1 there are diffs, 2 all times are equal); diffs (i32 a row); times (f64, one or one a row);
 * - per column flags (u8: 1 there are nulls, 2 wide); if there are nulls a bitmap, 1 is not null; then for
 *   bool a bitmap; int i32 a row; long f64, or if wide i64, a row; double f64 a row;
 *   text u32 a row, where it ends in the bytes that follow the last one.
 */
import { crc32 } from "node:zlib";
import { assert } from "../assert.ts";
import { DataflowError } from "../error.ts";
import { canonicalJson } from "../json.ts";
import type { Json } from "../json.ts";
import type { Schema } from "../schema/schema.ts";
import { BATCH_ROWS_MAX } from "./batch.ts";
import type { Batch, ChangeMode } from "./batch.ts";
import { readBlock } from "./frame-reader.ts";
import { blockBytes, writeBlock } from "./frame-writer.ts";
import type { Piece } from "./frame-writer.ts";

/** Bytes of a frame at most, unless one row alone is larger. */
export const FRAME_BYTES_MAX: number = 8 * 1024 * 1024;

const MAGIC = 0x01424644;
const HEADER_BYTES = 20;

/** Rows that become one batch again. */
interface Block {
  readonly pieces: readonly Piece[];
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
  const room = bytesMax - HEADER_BYTES - header.length;
  const frames: Uint8Array[] = [];
  let blocks: Block[] = [];
  let used = 0;
  for (const block of blocksOf(batches, room)) {
    if (used + block.bytes > room && blocks.length > 0) {
      frames.push(frameOf(header, blocks, used));
      blocks = [];
      used = 0;
    }
    blocks.push(block);
    used += block.bytes;
  }
  if (blocks.length > 0) frames.push(frameOf(header, blocks, used));
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
 * The batches of a frame, in their order, with arrays of their own. Clocks are −∞, there is no origin.
 * @throws DF_CORRUPT when the bytes are not those that encodeFrames made
 */
export function decodeFrames(frame: Uint8Array): Batch[] {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) {
    throw corrupt(`${frame.length} bytes do not begin as a frame of version 1 does`);
  }
  const bytes = view.getUint32(8, true);
  if (bytes !== frame.length) throw corrupt(`it has ${frame.length} bytes instead of ${bytes}`);
  const sum = crc32(frame.subarray(8));
  if (sum !== view.getUint32(4, true))
    throw corrupt(`its checksum is ${sum} instead of ${view.getUint32(4, true)}`);
  const headerEnd = HEADER_BYTES + view.getUint32(16, true);
  const text = new TextDecoder().decode(frame.subarray(HEADER_BYTES, headerEnd));
  // The checksum has shown that these are bytes of our own.
  const header = JSON.parse(text) as Schema & { readonly change: ChangeMode };
  const schema: Schema = { fields: header.fields };
  const batches: Batch[] = [];
  let at = headerEnd;
  for (let left = view.getUint32(12, true); left > 0; left--) {
    const block = readBlock(frame, at, schema, header.change);
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
    const sizes = blockBytes(batch);
    if (rows > 0 && rows + batch.length > BATCH_ROWS_MAX) {
      yield { pieces, bytes };
      pieces = [];
      rows = 0;
    }
    let start = 0;
    for (let row = 0, next = 0; row < batch.length; row = next) {
      next = row + (isFirstHalf(batch, row) ? 2 : 1);
      let size = 0;
      for (let i = row; i < next; i++) size += sizes.rows[i] as number;
      if (rows > 0 && (bytes + size > room || rows + next - row > BATCH_ROWS_MAX)) {
        if (row > start) pieces.push({ batch, start, end: row });
        yield { pieces, bytes };
        pieces = [];
        rows = 0;
        start = row;
      }
      bytes = size + (rows === 0 ? sizes.block : bytes);
      rows += next - row;
    }
    if (batch.length > start) pieces.push({ batch, start, end: batch.length });
  }
  if (rows > 0) yield { pieces, bytes };
}

/** Whether the row and the next one are the old and the new half of an update. */
function isFirstHalf({ change, diffs, length }: Batch, row: number): boolean {
  if (change !== "retract" || diffs === undefined || row + 1 >= length) return false;
  return (diffs[row] as number) < 0 && (diffs[row + 1] as number) > 0;
}

/** `bytesMax` is an upper bound; what is written may be less. */
function frameOf(header: Uint8Array, blocks: readonly Block[], bytesMax: number): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + header.length + bytesMax);
  frame.set(header, HEADER_BYTES);
  let end = HEADER_BYTES + header.length;
  for (const block of blocks) end = writeBlock(frame, end, block.pieces);
  const view = new DataView(frame.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(8, end, true);
  view.setUint32(12, blocks.length, true);
  view.setUint32(16, header.length, true);
  view.setUint32(4, crc32(frame.subarray(8, end)), true);
  // Whoever stores the frame would store the unused rest of its buffer with it.
  return end === frame.length ? frame : frame.slice(0, end);
}
