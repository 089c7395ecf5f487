/** Columns in one piece of memory, which goes from thread to thread: how they are written there, and found again. */
import { layoutOf } from "../batch/builder.ts";
import type { Column } from "../batch/column.ts";
import { packText, slicesOf, textBytes } from "../batch/text-copy.ts";
import type { Schema } from "../schema/schema.ts";

/**
 * Places in the head of rows, all int32: how many they are, what there is besides columns, bytes of raw records; then
 * of each column flags, and bytes of its text.
 */
export const HEAD = { rows: 0, extras: 1, rawBytes: 2, columns: 3 } as const;
const COLUMN_INTS = 2;
const HAS_VALIDITY = 1;
const IS_WIDE = 2;
/** Memory is made with some room more, for the next batches to fit in, and not kept for much smaller ones. */
const SPARE = 1.25;
const SPARE_MAX = 8;

/** Hands out arrays in memory, one behind the other, each at a place for any kind of number. */
export class Memory {
  readonly #buffer: ArrayBuffer;
  #at = 0;

  constructor(buffer: ArrayBuffer) {
    this.#buffer = buffer;
  }

  /** The spare memory where so many bytes fit, or else memory of its own. */
  static of(bytes: number, spare: ArrayBuffer | undefined): ArrayBuffer {
    const fits = spare !== undefined && spare.byteLength >= bytes && spare.byteLength <= bytes * SPARE_MAX;
    return fits ? spare : new ArrayBuffer(Math.ceil(bytes * SPARE));
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

/** Bytes that so many take: each array begins at a multiple of eight. */
function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** The head of rows with these columns. */
export function headOf(
  { length, columns }: { readonly length: number; readonly columns: readonly Column[] },
  { extras, rawBytes }: { readonly extras: number; readonly rawBytes: number },
): Int32Array {
  const head = new Int32Array(HEAD.columns + COLUMN_INTS * columns.length);
  head[HEAD.rows] = length;
  head[HEAD.extras] = extras;
  head[HEAD.rawBytes] = rawBytes;
  for (const [index, column] of columns.entries()) {
    const isWide = column.layout === "long" && column.values instanceof BigInt64Array;
    const place = HEAD.columns + COLUMN_INTS * index;
    head[place] = (column.validity === undefined ? 0 : HAS_VALIDITY) | (isWide ? IS_WIDE : 0);
    head[place + 1] = column.layout === "text" ? textBytes(column, 0, length) : 0;
  }
  return head;
}

/** Bytes that head, raw records, columns and so many other arrays take, at most: no value is wider than eight. */
export function sizeOf(head: Int32Array, others: number): number {
  const rowsBytes = aligned(8 * (head[HEAD.rows] as number) + 8);
  let bytes = aligned(4 * head.length) + others * rowsBytes + aligned(head[HEAD.rawBytes] as number);
  for (let at: number = HEAD.columns; at < head.length; at += COLUMN_INTS)
    bytes += 2 * rowsBytes + aligned(head[at + 1] as number);
  return bytes;
}

/** The head that was written first into memory. */
export function takeHead({ fields }: Schema, memory: Memory): Int32Array {
  return memory.ints(HEAD.columns + COLUMN_INTS * fields.length);
}

/** Writes columns, one behind the other. */
export function putColumns(columns: readonly Column[], head: Int32Array, memory: Memory): void {
  for (const [index, column] of columns.entries()) putColumn(column, extentOf(head, index), memory);
}

/** The columns that `putColumns` has written. They lie over the memory. */
export function takeColumns({ fields }: Schema, head: Int32Array, memory: Memory): Column[] {
  return fields.map(({ type }, index) => columnIn(memory, layoutOf(type), extentOf(head, index)));
}

/** What has to be known of a column to find it in memory. */
interface Extent {
  readonly rows: number;
  readonly flags: number;
  readonly textBytes: number;
}

function extentOf(head: Int32Array, column: number): Extent {
  const place = HEAD.columns + COLUMN_INTS * column;
  return {
    rows: head[HEAD.rows] as number,
    flags: head[place] as number,
    textBytes: head[place + 1] as number,
  };
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
  { rows, flags, textBytes: bytes }: Extent,
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
