import { layoutOf } from "../batch/builder.ts";
import type { Column } from "../batch/column.ts";
import { packText, slicesOf, textBytes } from "../batch/text-copy.ts";
import type { InvalidRecord, Polled, Position } from "../connector.ts";
import type { Schema } from "../schema/schema.ts";

/** What a poll has found, with all rows in one piece of memory: it goes to another thread and comes back. */
export interface Parcel {
  readonly buffer: ArrayBuffer;
  readonly invalid: readonly InvalidRecord[];
  readonly next: Position;
}

/** Places in the head, all int32: rows, what there is besides columns, bytes of raw records; then two a column. */
const HEAD = { rows: 0, extras: 1, rawBytes: 2, columns: 3 } as const;
const A_COLUMN = 2;
const HAS_DIFFS = 1;
const HAS_RAW = 2;
const HAS_VALIDITY = 1;
const IS_WIDE = 2;
/** Memory is made with some room more, for the next batches to fit in, and not kept for much smaller ones. */
const SPARE = 1.25;
const SPARE_MAX = 8;

/**
 * Copies what a poll has found, into `spare` where that fits. Text lies there in the order of its rows. Of the raw
 * records all bytes come along up to the end of the last one: decoders begin with the first.
 */
export function packParcel(polled: Polled, spare?: ArrayBuffer): Parcel {
  const { length, columns, positions, diffs, raw, invalid, next } = polled;
  const rawBytes = raw === undefined ? 0 : lastByte(raw.ends, length);
  const head = headOf(polled, rawBytes);
  const needed = sizeOf(head, columns);
  const fits = spare !== undefined && spare.byteLength >= needed && spare.byteLength <= needed * SPARE_MAX;
  const buffer = fits ? spare : new ArrayBuffer(Math.ceil(needed * SPARE));
  const memory = new Memory(buffer);
  memory.ints(head.length).set(head);
  memory.doubles(length).set(positions.subarray(0, length));
  if (diffs !== undefined) memory.ints(length).set(diffs.subarray(0, length));
  if (raw !== undefined) {
    memory.ints(length).set(raw.starts.subarray(0, length));
    memory.ints(length).set(raw.ends.subarray(0, length));
    memory.bytes(rawBytes).set(raw.bytes.subarray(0, rawBytes));
  }
  for (const [index, column] of columns.entries())
    putColumn(column, { rows: length, textBytes: textBytesIn(head, index) }, memory);
  return { buffer, invalid, next };
}

/** What the poll had found. It points into the parcel. */
export function openParcel({ buffer, invalid, next }: Parcel, { fields }: Schema): Polled {
  const memory = new Memory(buffer);
  const head = memory.ints(HEAD.columns + A_COLUMN * fields.length);
  const length = head[HEAD.rows] as number;
  const extras = head[HEAD.extras] as number;
  const positions = memory.doubles(length);
  const diffs = (extras & HAS_DIFFS) === 0 ? undefined : memory.ints(length);
  const raw =
    (extras & HAS_RAW) === 0
      ? undefined
      : {
          starts: memory.ints(length),
          ends: memory.ints(length),
          bytes: memory.bytes(head[HEAD.rawBytes] as number),
        };
  const columns = fields.map(({ type }, index) => {
    const flags = head[HEAD.columns + A_COLUMN * index] as number;
    return columnIn(memory, layoutOf(type), { rows: length, flags, textBytes: textBytesIn(head, index) });
  });
  return { length, columns, positions, diffs, raw, invalid, next };
}

/** Hands out arrays in memory, one behind the other, each at a place for any kind of number. */
class Memory {
  readonly #buffer: ArrayBuffer;
  #at = 0;

  constructor(buffer: ArrayBuffer) {
    this.#buffer = buffer;
  }

  doubles(count: number): Float64Array {
    return new Float64Array(this.#buffer, this.#take(8 * count), count);
  }

  longs(count: number): BigInt64Array {
    return new BigInt64Array(this.#buffer, this.#take(8 * count), count);
  }

  ints(count: number): Int32Array {
    return new Int32Array(this.#buffer, this.#take(4 * count), count);
  }

  bytes(count: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#take(count), count);
  }

  #take(bytes: number): number {
    const at = this.#at;
    this.#at += aligned(bytes);
    return at;
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function headOf({ length, columns, diffs, raw }: Polled, rawBytes: number): Int32Array {
  const head = new Int32Array(HEAD.columns + A_COLUMN * columns.length);
  head[HEAD.rows] = length;
  head[HEAD.extras] = (diffs === undefined ? 0 : HAS_DIFFS) | (raw === undefined ? 0 : HAS_RAW);
  head[HEAD.rawBytes] = rawBytes;
  for (const [index, column] of columns.entries()) {
    const isWide = column.layout === "long" && column.values instanceof BigInt64Array;
    const at = HEAD.columns + A_COLUMN * index;
    head[at] = (column.validity === undefined ? 0 : HAS_VALIDITY) | (isWide ? IS_WIDE : 0);
    head[at + 1] = column.layout === "text" ? textBytes(column, 0, length) : 0;
  }
  return head;
}

function textBytesIn(head: Int32Array, index: number): number {
  return head[HEAD.columns + A_COLUMN * index + 1] as number;
}

/** Bytes that all arrays take; no value is wider than eight. */
function sizeOf(head: Int32Array, columns: readonly Column[]): number {
  const rows = aligned(8 * (head[HEAD.rows] as number) + 8);
  let bytes = aligned(4 * head.length) + 3 * rows + aligned(head[HEAD.rawBytes] as number);
  for (const [index] of columns.entries()) bytes += 2 * rows + aligned(textBytesIn(head, index));
  return bytes;
}

/** What has to be known of a column to find it in memory. */
interface Extent {
  readonly rows: number;
  readonly textBytes: number;
}

function putColumn(column: Column, { rows, textBytes: bytes }: Extent, memory: Memory): void {
  switch (column.layout) {
    case "bool":
      memory.bytes(rows).set(column.values.subarray(0, rows));
      break;
    case "int":
      memory.ints(rows).set(column.values.subarray(0, rows));
      break;
    case "double":
      memory.doubles(rows).set(column.values.subarray(0, rows));
      break;
    case "long":
      if (column.values instanceof Float64Array) memory.doubles(rows).set(column.values.subarray(0, rows));
      else memory.longs(rows).set(column.values.subarray(0, rows));
      break;
    case "text": {
      const into = { places: memory.ints(rows + 1), bytes: memory.bytes(bytes) };
      into.places[0] = 0;
      packText(column, { start: 0, end: rows }, into, 0);
    }
  }
  if (column.validity !== undefined) memory.bytes(rows).set(column.validity.subarray(0, rows));
}

function columnIn(
  memory: Memory,
  layout: Column["layout"],
  { rows, flags, textBytes: bytes }: Extent & { readonly flags: number },
): Column {
  const validity = (): Uint8Array | undefined =>
    (flags & HAS_VALIDITY) === 0 ? undefined : memory.bytes(rows);
  // What stands first lies first: arrays are found in the order in which they were written.
  switch (layout) {
    case "bool":
      return { layout, values: memory.bytes(rows), validity: validity() };
    case "int":
      return { layout, values: memory.ints(rows), validity: validity() };
    case "double":
      return { layout, values: memory.doubles(rows), validity: validity() };
    case "long": {
      const values = (flags & IS_WIDE) === 0 ? memory.doubles(rows) : memory.longs(rows);
      return { layout, values, validity: validity() };
    }
    case "text": {
      const packed = { places: memory.ints(rows + 1), bytes: memory.bytes(bytes) };
      return { layout, ...slicesOf(packed, rows), validity: validity() };
    }
  }
}

function lastByte(ends: Int32Array, rows: number): number {
  let last = 0;
  for (let row = 0; row < rows; row++) if ((ends[row] as number) > last) last = ends[row] as number;
  return last;
}
