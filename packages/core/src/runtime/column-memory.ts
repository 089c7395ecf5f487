/** Columns in one piece of memory, which goes from thread to thread: how they are written there, and found again. */
import { layoutOf } from "../batch/builder.ts";
import type { Column } from "../batch/column.ts";
import { packText, slicesOf, textBytes } from "../batch/text-copy.ts";
import type { Schema } from "../schema/schema.ts";

/** What is written of a column, besides its values, in two int32: flags, and bytes of its text. */
export const COLUMN_INTS = 2;
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
export function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** Writes of each column what has to be known to find it, from place `at` of the head on. */
export function describeColumns(
  columns: readonly Column[],
  rows: number,
  head: Int32Array,
  at: number,
): void {
  for (const [index, column] of columns.entries()) {
    const isWide = column.layout === "long" && column.values instanceof BigInt64Array;
    const place = at + COLUMN_INTS * index;
    head[place] = (column.validity === undefined ? 0 : HAS_VALIDITY) | (isWide ? IS_WIDE : 0);
    head[place + 1] = column.layout === "text" ? textBytes(column, 0, rows) : 0;
  }
}

/** Bytes that the arrays of described columns take, at most: no value is wider than eight. */
export function columnBytes(rows: number, columns: Int32Array): number {
  let bytes = 0;
  for (let at = 0; at < columns.length; at += COLUMN_INTS)
    bytes += 2 * aligned(8 * rows + 8) + aligned(columns[at + 1] as number);
  return bytes;
}

/** Writes columns, one behind the other. `described`: what `describeColumns` has written of them. */
export function putColumns(
  columns: readonly Column[],
  rows: number,
  described: Int32Array,
  memory: Memory,
): void {
  for (const [index, column] of columns.entries())
    putColumn(column, { rows, textBytes: described[COLUMN_INTS * index + 1] as number }, memory);
}

/** The columns that `putColumns` has written. They lie over the memory. */
export function takeColumns(
  { fields }: Schema,
  rows: number,
  described: Int32Array,
  memory: Memory,
): Column[] {
  return fields.map(({ type }, index) => {
    const flags = described[COLUMN_INTS * index] as number;
    const bytes = described[COLUMN_INTS * index + 1] as number;
    return columnIn(memory, layoutOf(type), { rows, flags, textBytes: bytes });
  });
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
