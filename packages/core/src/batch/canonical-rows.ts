/** The canonical bytes of rows, column after column: those that `CanonicalCodec` writes row after row. */
import type { Schema } from "../schema/schema.ts";
import type { Batch } from "./batch.ts";
import { ABSENT, formOf, PRESENT, writeDouble, writeInteger } from "./canonical-values.ts";
import type { Form } from "./canonical-values.ts";
import type { Column, TextColumn, Validity } from "./column.ts";
import { HASHES_MAX } from "./content-hash.ts";
import type { PlacedRows } from "./hash.ts";
import type { Slices } from "./text-copy.ts";

/** Rows that are encoded at once at most. */
export const ROWS_AT_ONCE: number = HASHES_MAX;
/** About as many bytes as stay in the nearest caches of a processor. */
const BYTES_AT_ONCE = 64 * 1024;

const FORM_BYTES: Readonly<Record<Form, number>> = { bool: 2, integer: 9, double: 9, text: 3 };

/** Encodes rows of a schema into places from which they are hashed. */
export class CanonicalRows implements PlacedRows {
  readonly starts: Int32Array = new Int32Array(ROWS_AT_ONCE);
  readonly ends: Int32Array = new Int32Array(ROWS_AT_ONCE);
  #bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(this.#bytes.buffer);
  readonly #forms: readonly Form[];
  /** Bytes of a row at most, without its text. */
  readonly #bytesMax: number;

  constructor({ fields }: Schema) {
    this.#forms = fields.map(({ type }) => formOf(type));
    this.#bytesMax = this.#forms.reduce((sum, form) => sum + FORM_BYTES[form], 0);
  }

  /**
   * Encodes rows of the batch, beginning with row `first`, in place of those before, and returns how many these are.
   * 0 where one of them has text with a 00, which takes more room: such rows are left to the codec.
   */
  encode(batch: Batch, first: number): number {
    const end = first + this.#place(batch, first);
    // Bytes that every row has behind what `ends` says.
    let more = 0;
    for (let i = 0; i < this.#forms.length; i++) {
      const column = batch.columns[i] as Column;
      const form = this.#forms[i] as Form;
      const validity = nullsOf(column, first, end);
      if (column.layout === "text") {
        moveEnds(this.ends, more, end - first);
        more = 0;
        if (!writeTexts(this, partOf(column, first, end), validity)) return 0;
        continue;
      }
      writeValues({ view: this.view, ends: this.ends, more }, form, column.values.subarray(first, end));
      more += FORM_BYTES[form];
      if (validity === undefined) continue;
      moveEnds(this.ends, more, end - first);
      more = 0;
      takeNullsBack(this, validity, FORM_BYTES[form]);
    }
    moveEnds(this.ends, more, end - first);
    return end - first;
  }

  /** Gives rows their places, as many as fit but at least one, and returns how many. */
  #place({ columns, length }: Batch, first: number): number {
    const texts = columns.filter((column) => column.layout === "text");
    const count = Math.min(ROWS_AT_ONCE, length - first);
    let at = 0;
    let row = 0;
    for (; row < count; row++) {
      let bytes = this.#bytesMax;
      for (let i = 0; i < texts.length; i++) bytes += textBytes(texts[i] as TextColumn, first + row);
      // A hash is read to the next multiple of 16.
      const end = at + (bytes & ~15) + 16;
      if (end > BYTES_AT_ONCE && row > 0) break;
      this.starts[row] = at;
      this.ends[row] = at;
      at = end;
    }
    if (at > this.#bytes.length) {
      this.#bytes = new Uint8Array(Math.max(at, Math.min(this.#bytes.length * 2, BYTES_AT_ONCE)));
      this.view = new DataView(this.#bytes.buffer);
    } else this.#bytes.fill(0, 0, at);
    return row;
  }
}

function textBytes({ starts, ends }: TextColumn, row: number): number {
  return (ends[row] as number) - (starts[row] as number);
}

/** What is not null; undefined where no row is null. */
function nullsOf({ validity }: Column, first: number, end: number): Validity | undefined {
  const some = validity?.subarray(first, end);
  return some?.includes(0) === true ? some : undefined;
}

function partOf({ starts, ends, bytes }: TextColumn, first: number, end: number): Slices {
  return { starts: starts.subarray(first, end), ends: ends.subarray(first, end), bytes };
}

function moveEnds(ends: Int32Array, by: number, count: number): void {
  if (by === 0) return;
  for (let i = 0; i < count; i++) ends[i] = (ends[i] as number) + by;
}

/** Where the cells of a column go: `more` bytes behind the end of each row. */
interface Cells {
  readonly view: DataView;
  readonly ends: Int32Array;
  readonly more: number;
}

/** Writes a cell of equal size behind each row, as if no value were null. */
function writeValues(
  cells: Cells,
  form: Form,
  values: Uint8Array | Int32Array | Float64Array | BigInt64Array,
): void {
  if (values instanceof Uint8Array) writeBools(cells, values);
  else if (values instanceof Int32Array) writeInts(cells, values);
  else if (values instanceof BigInt64Array) writeWide(cells, values);
  else if (form === "double") writeDoubles(cells, values);
  else writeNumbers(cells, values);
}

// A loop for each kind of array: V8 compiles each for its own.

function writeBools({ view, ends, more }: Cells, values: Uint8Array): void {
  for (let i = 0; i < values.length; i++) {
    const at = (ends[i] as number) + more;
    view.setUint8(at, PRESENT);
    view.setUint8(at + 1, values[i] === 0 ? 0 : 1);
  }
}

function writeInts({ view, ends, more }: Cells, values: Int32Array): void {
  for (let i = 0; i < values.length; i++) {
    const at = (ends[i] as number) + more;
    view.setUint8(at, PRESENT);
    writeInteger(view, at + 1, values[i] as number);
  }
}

function writeNumbers({ view, ends, more }: Cells, values: Float64Array): void {
  for (let i = 0; i < values.length; i++) {
    const at = (ends[i] as number) + more;
    view.setUint8(at, PRESENT);
    writeInteger(view, at + 1, values[i] as number);
  }
}

function writeWide({ view, ends, more }: Cells, values: BigInt64Array): void {
  for (let i = 0; i < values.length; i++) {
    const at = (ends[i] as number) + more;
    view.setUint8(at, PRESENT);
    writeInteger(view, at + 1, values[i] as bigint);
  }
}

function writeDoubles({ view, ends, more }: Cells, values: Float64Array): void {
  for (let i = 0; i < values.length; i++) {
    const at = (ends[i] as number) + more;
    view.setUint8(at, PRESENT);
    writeDouble(view, at + 1, values[i] as number);
  }
}

/** Makes the last cell, of `size` bytes, of each row that is null there what a null is. */
function takeNullsBack({ view, ends }: PlacedRows, validity: Validity, size: number): void {
  for (let i = 0; i < validity.length; i++) {
    if (validity[i] !== 0) continue;
    const start = (ends[i] as number) - size;
    for (let at = start; at < start + size; at++) view.setUint8(at, ABSENT);
    ends[i] = start + 1;
  }
}

/** Writes a text behind each row; false where one has a 00. */
function writeTexts({ view, ends }: PlacedRows, texts: Slices, validity: Validity | undefined): boolean {
  const { bytes } = texts;
  const from = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < texts.starts.length; i++) {
    let at = ends[i] as number;
    if (validity !== undefined && validity[i] === 0) {
      view.setUint8(at, ABSENT);
      ends[i] = at + 1;
      continue;
    }
    view.setUint8(at++, PRESENT);
    const end = texts.ends[i] as number;
    let next = texts.starts[i] as number;
    for (; next + 4 <= end; next += 4, at += 4) {
      const word = from.getInt32(next, true);
      if (hasZero(word)) return false;
      view.setInt32(at, word, true);
    }
    for (; next < end; next++, at++) {
      const byte = from.getUint8(next);
      if (byte === 0) return false;
      view.setUint8(at, byte);
    }
    // The two 00 at its end are there already.
    ends[i] = at + 2;
  }
  return true;
}

/** Whether one of four bytes is 0: Sean Eron Anderson, Bit Twiddling Hacks. */
function hasZero(word: number): boolean {
  return ((word - 0x01010101) & ~word & 0x80808080) !== 0;
}
