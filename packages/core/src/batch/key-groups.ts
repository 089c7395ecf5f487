import type { ColumnType, Schema } from "../schema/schema.ts";
import type { Batch } from "./batch.ts";
import { CanonicalCodec, keyGroupOf } from "./canonical.ts";
import type { Column } from "./column.ts";
import { hash128 } from "./hash.ts";

const TWO_32 = 4294967296;
/** See CanonicalCodec: a value that is not null begins with this byte; the sign bit of an integer is flipped. */
const PRESENT = 0x01;
const SIGN = 0x80000000;

/**
 * The key groups of many rows at once: those that `CanonicalCodec.keyGroup` gives row by row. Integers and bools without
 * nulls, which most keys are, are encoded column by column; all else goes through the codec.
 */
export class KeyGroups {
  readonly #codec: CanonicalCodec;
  /** Canonical bytes of a value of each column, ∞ where they differ from value to value. */
  readonly #valueBytes: readonly number[];
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  readonly #hash: Uint32Array = new Uint32Array(4);

  /** For keys of all columns of a schema. */
  constructor(schema: Schema) {
    this.#codec = new CanonicalCodec(schema);
    this.#valueBytes = schema.fields.map(({ type }) => valueBytes(type));
  }

  /** Writes the key groups of rows `rows[0 .. count)`; `keys` has the columns of the schema and no others. */
  write(keys: Batch, rows: Int32Array, count: number, out: Uint8Array): void {
    const keyBytes = this.#valueBytes.reduce((sum, bytes) => sum + bytes, 0);
    if (keyBytes === Infinity || keys.columns.some(({ validity }) => validity !== undefined)) {
      for (let i = 0; i < count; i++) out[i] = this.#codec.keyGroup(keys, rows[i] as number);
      return;
    }
    this.#reserve(count * keyBytes);
    let at = 0;
    for (const [i, column] of keys.columns.entries()) {
      writeColumn(column, rows.subarray(0, count), { view: this.#view, at, stride: keyBytes });
      at += this.#valueBytes[i] as number;
    }
    for (let i = 0, start = 0; i < count; i++, start += keyBytes) {
      hash128(this.#bytes, start, start + keyBytes, this.#hash);
      out[i] = keyGroupOf(this.#hash);
    }
  }

  #reserve(sizeBytes: number): void {
    if (sizeBytes <= this.#bytes.length) return;
    this.#bytes = new Uint8Array(sizeBytes * 2);
    this.#view = new DataView(this.#bytes.buffer);
  }
}

/** Where the first value of a column is written, and how far the next one lies behind it. */
interface Place {
  readonly view: DataView;
  readonly at: number;
  readonly stride: number;
}

function valueBytes({ kind }: ColumnType): number {
  switch (kind) {
    case "bool":
      return 2;
    case "int32":
    case "int64":
    case "decimal":
    case "timestamp":
    case "date":
      return 9;
    case "float64":
    case "string":
    case "bytes":
    case "json":
      return Infinity;
  }
}

function writeColumn(column: Column, rows: Int32Array, { view, at, stride }: Place): void {
  for (let i = 0, to = at; i < rows.length; i++, to += stride) view.setUint8(to, PRESENT);
  const place = { view, at: at + 1, stride };
  if (column.layout === "text") return;
  if (column.layout === "bool") writeBools(column.values, rows, place);
  else if (column.values instanceof BigInt64Array) writeWide(column.values, rows, place);
  else writeNumbers(column.values, rows, place);
}

function writeBools(values: Uint8Array, rows: Int32Array, { view, at, stride }: Place): void {
  for (let i = 0, to = at; i < rows.length; i++, to += stride) {
    view.setUint8(to, values[rows[i] as number] === 0 ? 0 : 1);
  }
}

function writeNumbers(
  values: Int32Array | Float64Array,
  rows: Int32Array,
  { view, at, stride }: Place,
): void {
  for (let i = 0, to = at; i < rows.length; i++, to += stride) {
    const value = values[rows[i] as number] as number;
    const high = Math.floor(value / TWO_32);
    view.setInt32(to, high ^ SIGN);
    view.setInt32(to + 4, value - high * TWO_32);
  }
}

function writeWide(values: BigInt64Array, rows: Int32Array, { view, at, stride }: Place): void {
  const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  for (let i = 0, to = at; i < rows.length; i++, to += stride) {
    const half = (rows[i] as number) * 2;
    view.setInt32(to, (halves[half + 1] as number) ^ SIGN);
    view.setInt32(to + 4, halves[half] as number);
  }
}
