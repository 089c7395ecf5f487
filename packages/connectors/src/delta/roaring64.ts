/**
 * Sets of row numbers in the portable format of 64-bit Roaring bitmaps, as deletion vectors hold them
 * (github.com/RoaringBitmap/RoaringFormatSpec). Written with array and bitmap containers; run containers are read too.
 */
import { DataflowError } from "@df/core";

/** Begins a 32-bit bitmap without run containers. */
const COOKIE = 12346;
/** The lower half of a cookie with run containers. */
const COOKIE_RUNS = 12347;
/** Values in an array container at most; a larger one is a bitmap of 8 KiB. */
const ARRAY_MAX = 4096;
const BITMAP_BYTES = 8192;
/** With run containers, offsets are there only from this many containers on. */
const OFFSETS_FROM = 4;
const TWO_32 = 4294967296;

/** Encodes row numbers: ascending, without repetition, whole and at most 2^53 − 1. */
export function encodeRoaring64(rows: Float64Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let bitmaps = 0;
  for (let start = 0; start < rows.length;) {
    const high = Math.floor((rows[start] as number) / TWO_32);
    let end = start + 1;
    while (end < rows.length && Math.floor((rows[end] as number) / TWO_32) === high) end++;
    const head = new Uint8Array(4);
    new DataView(head.buffer).setUint32(0, high, true);
    parts.push(head, encodeRoaring32(rows.subarray(start, end)));
    bitmaps++;
    start = end;
  }
  const count = new Uint8Array(8);
  new DataView(count.buffer).setBigUint64(0, BigInt(bitmaps), true);
  return Buffer.concat([count, ...parts]);
}

/** Encodes the lower 32 bits of ascending numbers that share the upper ones. */
function encodeRoaring32(rows: Float64Array): Uint8Array {
  const containers: { readonly key: number; readonly start: number; readonly end: number }[] = [];
  let bytes = 8;
  for (let start = 0; start < rows.length;) {
    const key = keyOf(rows[start] as number);
    let end = start + 1;
    while (end < rows.length && keyOf(rows[end] as number) === key) end++;
    containers.push({ key, start, end });
    bytes += 8 + (end - start <= ARRAY_MAX ? (end - start) * 2 : BITMAP_BYTES);
    start = end;
  }
  const out = new Uint8Array(bytes);
  const view = new DataView(out.buffer);
  view.setUint32(0, COOKIE, true);
  view.setUint32(4, containers.length, true);
  let at = 8 + containers.length * 8;
  for (const [i, { key, start, end }] of containers.entries()) {
    view.setUint16(8 + i * 4, key, true);
    view.setUint16(10 + i * 4, end - start - 1, true);
    view.setUint32(8 + containers.length * 4 + i * 4, at, true);
    if (end - start <= ARRAY_MAX) {
      for (let row = start; row < end; row++, at += 2) view.setUint16(at, lowOf(rows[row] as number), true);
    } else {
      for (let row = start; row < end; row++) {
        const low = lowOf(rows[row] as number);
        out[at + (low >> 3)] = (out[at + (low >> 3)] as number) | (1 << (low & 7));
      }
      at += BITMAP_BYTES;
    }
  }
  return out;
}

function keyOf(row: number): number {
  return Math.floor(row / 65536) % 65536;
}

function lowOf(row: number): number {
  return row % 65536;
}

/**
 * Row numbers of an encoded set, ascending.
 * @throws DF_DELTA_LOG when the bytes are no such set, or hold numbers beyond 2^53
 */
export function decodeRoaring64(bytes: Uint8Array): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows: number[] = [];
  try {
    const bitmaps = Number(view.getBigUint64(0, true));
    let at = 8;
    for (let i = 0; i < bitmaps; i++) {
      const high = view.getUint32(at, true);
      if (high >= 0x200000) throw new RangeError(`the number ${high} · 2^32 is beyond 2^53`);
      at = decodeRoaring32(view, at + 4, high * TWO_32, rows);
    }
    if (at !== bytes.length) throw new RangeError(`${bytes.length - at} bytes are left over`);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DataflowError(
      "DF_DELTA_LOG",
      `A deletion vector is no 64-bit Roaring bitmap: ${error.message}.`,
      {
        cause: error,
      },
    );
  }
  return Float64Array.from(rows);
}

/** Appends the numbers of a 32-bit bitmap; returns where it ends. */
function decodeRoaring32(view: DataView, start: number, base: number, rows: number[]): number {
  const cookie = view.getUint32(start, true);
  const hasRuns = (cookie & 0xffff) === COOKIE_RUNS;
  if (!hasRuns && cookie !== COOKIE) throw new RangeError(`the cookie is ${cookie}`);
  const count = hasRuns ? (cookie >>> 16) + 1 : view.getUint32(start + 4, true);
  const flags = start + 4;
  const descriptions = hasRuns ? flags + Math.ceil(count / 8) : start + 8;
  let at = descriptions + count * 4;
  if (!hasRuns || count >= OFFSETS_FROM) at += count * 4;
  for (let i = 0; i < count; i++) {
    const first = base + view.getUint16(descriptions + i * 4, true) * 65536;
    const cardinality = view.getUint16(descriptions + i * 4 + 2, true) + 1;
    const isRun = hasRuns && (view.getUint8(flags + (i >> 3)) & (1 << (i & 7))) !== 0;
    if (isRun) at = readRuns(view, at, first, rows);
    else if (cardinality > ARRAY_MAX) at = readBitmap(view, at, first, rows);
    else {
      for (let j = 0; j < cardinality; j++, at += 2) rows.push(first + view.getUint16(at, true));
    }
  }
  return at;
}

function readRuns(view: DataView, start: number, first: number, rows: number[]): number {
  const runs = view.getUint16(start, true);
  let at = start + 2;
  for (let i = 0; i < runs; i++, at += 4) {
    const from = view.getUint16(at, true);
    const length = view.getUint16(at + 2, true) + 1;
    for (let j = 0; j < length; j++) rows.push(first + from + j);
  }
  return at;
}

function readBitmap(view: DataView, at: number, first: number, rows: number[]): number {
  for (let byte = 0; byte < BITMAP_BYTES; byte++) {
    const bits = view.getUint8(at + byte);
    for (let bit = 0; bit < 8; bit++) if ((bits & (1 << bit)) !== 0) rows.push(first + byte * 8 + bit);
  }
  return at + BITMAP_BYTES;
}
