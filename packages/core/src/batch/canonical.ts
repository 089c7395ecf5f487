import { DataflowError } from "../error.ts";
import type { Schema } from "../schema/schema.ts";
import type { Batch } from "./batch.ts";
import type { ColumnBuilder } from "./builder.ts";
import type { BoolColumn, Column, DoubleColumn, IntColumn, LongColumn, TextColumn } from "./column.ts";
import {
  ABSENT,
  ESCAPED,
  formOf,
  PRESENT,
  readDouble,
  readInteger,
  writeDouble,
  writeInteger,
} from "./canonical-values.ts";
import type { Form } from "./canonical-values.ts";
import { hash128 } from "./hash.ts";

export { ContentHash, ROW_HASH_BYTES, rowHash } from "./content-hash.ts";
export { hash128 } from "./hash.ts";

/** The key group, 0 to 127, of a key's hash, which begins at `at`: the upper 7 bits of h1. Frozen. */
export function keyGroupOf(hashes: Uint32Array | Int32Array, at: number = 0): number {
  return (hashes[at] as number) >>> 25;
}

/**
 * Encodes rows, or some columns of them, to canonical bytes: equal values have equal bytes whatever their layout, and
 * bytes compare (memcmp) as the rows do, column by column, nulls first.
 *
 * The layout is frozen: key groups, state, key indexes and content hashes depend on it. Per column, in order:
 * - null: `00`; else `01` and the value.
 * - bool: one byte, `00` or `01`.
 * - int32, int64, decimal (unscaled), timestamp (µs), date (days): 8 bytes, big-endian two's complement with the sign
 *   bit flipped.
 * - float64: 8 bytes, IEEE 754 big-endian; positive: sign bit flipped, negative: all bits flipped. −0 is 0. Every NaN
 *   is `7ff8000000000000` before flipping, behind +Infinity.
 * - string, bytes, json: the bytes with each `00` written as `00 ff`, then `00 00`.
 */
export class CanonicalCodec {
  readonly #forms: readonly Form[];
  readonly #columns: readonly number[];
  #bytes: Uint8Array = new Uint8Array(256);
  #view: DataView = new DataView(this.#bytes.buffer);
  /** Rows of equal length share a view: most keys have few lengths. */
  #views: (Uint8Array | undefined)[] = [];
  #text: Uint8Array = new Uint8Array(256);
  readonly #hash: Uint32Array = new Uint32Array(4);

  /** For all columns of a schema, or those at the indexes `columns`, in that order. */
  constructor(schema: Schema, columns?: readonly number[]) {
    this.#columns = columns ?? schema.fields.map((_, index) => index);
    this.#forms = this.#columns.map((index) => {
      const field = schema.fields[index];
      if (field === undefined) {
        throw new DataflowError(
          "DF_NO_COLUMN",
          `There is no column ${index}; the schema has ${schema.fields.length}.`,
        );
      }
      return formOf(field.type);
    });
  }

  /** Canonical bytes of a row: a view, valid until the next call. */
  encode(batch: Batch, row: number): Uint8Array {
    const length = this.#write(batch, row);
    if (length >= 256) return this.#bytes.subarray(0, length);
    return (this.#views[length] ??= this.#bytes.subarray(0, length));
  }

  /** The key group, 0 to 127, of a row's encoded columns. */
  keyGroup(batch: Batch, row: number): number {
    // Written first: a long key may bring a new scratch buffer.
    const length = this.#write(batch, row);
    hash128(this.#bytes, 0, length, this.#hash);
    return keyGroupOf(this.#hash);
  }

  /**
   * Appends the values of canonical bytes, one builder per encoded column.
   * @throws DF_CORRUPT when the bytes are not those of such a row; the builders may then differ in length
   */
  decode(bytes: Uint8Array, into: readonly ColumnBuilder[]): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    for (let i = 0; i < this.#forms.length; i++) {
      const builder = into[i] as ColumnBuilder;
      const tag = bytes[at++];
      if (tag === ABSENT) builder.null();
      else if (tag === PRESENT) at = this.#read(this.#forms[i] as Form, view, at, builder);
      else throw corrupt(`column ${i} begins with ${tag ?? "nothing"}`);
    }
    if (at !== bytes.length) throw corrupt(`${bytes.length - at} bytes are left over`);
  }

  #write(batch: Batch, row: number): number {
    const forms = this.#forms;
    let at = 0;
    for (let i = 0; i < forms.length; i++) {
      const column = batch.columns[this.#columns[i] as number] as Column;
      if (at + 10 > this.#bytes.length) this.#grow(at, 10);
      if (column.validity !== undefined && column.validity[row] === 0) {
        this.#bytes[at++] = ABSENT;
        continue;
      }
      this.#bytes[at++] = PRESENT;
      switch (forms[i] as Form) {
        case "bool":
          this.#bytes[at++] = (column as BoolColumn).values[row] === 0 ? 0 : 1;
          break;
        case "integer":
          writeInteger(
            this.#view,
            at,
            (column as IntColumn | LongColumn | DoubleColumn).values[row] as number | bigint,
          );
          at += 8;
          break;
        case "double":
          writeDouble(this.#view, at, (column as DoubleColumn).values[row] as number);
          at += 8;
          break;
        case "text":
          at = this.#writeText(at, column as TextColumn, row);
          break;
      }
    }
    return at;
  }

  #writeText(at: number, column: TextColumn, row: number): number {
    const start = column.starts[row] as number;
    const end = column.ends[row] as number;
    const room = (end - start) * 2 + 2;
    if (at + room > this.#bytes.length) this.#grow(at, room);
    const from = column.bytes;
    const bytes = this.#bytes;
    let to = at;
    for (let i = start; i < end; i++) {
      const byte = from[i] as number;
      bytes[to++] = byte;
      if (byte === 0) bytes[to++] = ESCAPED;
    }
    bytes[to++] = 0;
    bytes[to++] = 0;
    return to;
  }

  /** Returns where the next column begins. */
  #read(form: Form, view: DataView, at: number, builder: ColumnBuilder): number {
    if (form === "text") return this.#readText(view, at, builder);
    const size = form === "bool" ? 1 : 8;
    if (at + size > view.byteLength) throw corrupt("it ends within a value");
    if (form === "bool") {
      if (view.getUint8(at) > 1) throw corrupt(`a bool is ${view.getUint8(at)}`);
      builder.number(view.getUint8(at));
    } else if (form === "double") builder.number(readDouble(view, at));
    else readInteger(view, at, builder);
    return at + size;
  }

  #readText(view: DataView, start: number, builder: ColumnBuilder): number {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    if (this.#text.length < bytes.length) this.#text = new Uint8Array(bytes.length * 2);
    const text = this.#text;
    let length = 0;
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === 0) {
        at++;
        if (bytes[at] === 0) {
          builder.text(text, 0, length);
          return at + 1;
        }
        if (bytes[at] !== ESCAPED) break;
      }
      text[length++] = byte;
    }
    throw corrupt("a text has no end");
  }

  #grow(used: number, more: number): void {
    const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, used + more));
    bytes.set(this.#bytes.subarray(0, used));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
    this.#views = [];
  }
}

function corrupt(what: string): DataflowError {
  return new DataflowError("DF_CORRUPT", `Canonical row bytes do not fit their columns: ${what}.`);
}
