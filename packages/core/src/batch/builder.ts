import { unreachable } from "../assert.ts";
import type { ColumnType } from "../schema/schema.ts";
import type { Column, Layout } from "./column.ts";
import { checkTextBytes, textCapacity } from "./text-limit.ts";

/** The layout that holds a type. */
export function layoutOf(type: ColumnType): Layout {
  switch (type.kind) {
    case "bool":
      return "bool";
    case "int32":
    case "date":
      return "int";
    case "int64":
    case "decimal":
      return "long";
    case "float64":
    case "timestamp":
      return "double";
    case "string":
    case "bytes":
    case "json":
      return "text";
    default:
      return unreachable(type);
  }
}

/**
 * Collects the values of one column. `number` takes bools as 0 or 1, int, long and double; `bigint` takes long;
 * text comes as bytes or as a string. `take` gives the column away and begins the next one with fresh arrays; `lend`
 * begins it in the same ones.
 */
export class ColumnBuilder {
  readonly layout: Layout;
  #length = 0;
  #numbers: Float64Array | Int32Array | Uint8Array;
  #bigints: BigInt64Array | undefined;
  #validity: Uint8Array | undefined;
  /** The validity that was lent last, to be used again. */
  #lentValidity: Uint8Array | undefined;
  #starts: Int32Array;
  #ends: Int32Array;
  #bytes: Uint8Array;
  #used = 0;
  /** Rows, and bytes of text, for which the first row makes room: most columns that are taken are a builder's last. */
  #roomFor: number;
  #bytesFor: number;

  /** `capacity`: rows for which there is room from the first one on. */
  constructor(type: ColumnType, capacity = 256) {
    this.layout = layoutOf(type);
    this.#roomFor = capacity;
    this.#bytesFor = capacity * 16;
    this.#numbers = numbersOf(this.layout, 0);
    this.#starts = new Int32Array(0);
    this.#ends = new Int32Array(0);
    this.#bytes = new Uint8Array(0);
  }

  get length(): number {
    return this.#length;
  }

  null(): void {
    const row = this.#next();
    this.#validity ??= this.#newValidity(row);
    this.#validity[row] = 0;
    if (this.layout === "text") {
      this.#starts[row] = this.#used;
      this.#ends[row] = this.#used;
    } else {
      this.#numbers[row] = 0;
      if (this.#bigints !== undefined) this.#bigints[row] = 0n;
    }
  }

  number(value: number): void {
    const row = this.#next();
    if (this.#bigints !== undefined) this.#bigints[row] = BigInt(value);
    else this.#numbers[row] = value;
  }

  bigint(value: bigint): void {
    const row = this.#next();
    if (this.#bigints === undefined) {
      if (value >= -9007199254740991n && value <= 9007199254740991n) {
        this.#numbers[row] = Number(value);
        return;
      }
      this.#widen(row);
    }
    (this.#bigints as BigInt64Array)[row] = value;
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    const row = this.#next();
    this.#reserve(end - start);
    this.#bytes.set(bytes.subarray(start, end), this.#used);
    this.#starts[row] = this.#used;
    this.#used += end - start;
    this.#ends[row] = this.#used;
  }

  string(value: string): void {
    const row = this.#next();
    this.#reserve(value.length * 3);
    const start = this.#used;
    this.#used = encode(value, this.#bytes, start);
    this.#starts[row] = start;
    this.#ends[row] = this.#used;
  }

  /**
   * The array whose entries are rows, with room for so many: numbers may be written to it in place of `number`, and
   * count once `placed` says so. Not for text.
   */
  room(rows: number): Float64Array | Int32Array | Uint8Array {
    while (this.#capacity() < rows) this.#grow();
    return this.#numbers;
  }

  /** The rows before `length` that had not been there were written in place. */
  placed(length: number): void {
    const before = this.#length;
    this.#validity?.fill(1, before, length);
    const wide = this.#bigints;
    if (wide !== undefined) {
      for (let row = before; row < length; row++) wide[row] = BigInt(this.#numbers[row] as number);
    }
    this.#length = length;
  }

  /** Copies a value of a column with the same layout. */
  copy(column: Column, row: number): void {
    if (column.validity !== undefined && column.validity[row] === 0) return this.null();
    if (column.layout === "text") {
      return this.text(column.bytes, column.starts[row] as number, column.ends[row] as number);
    }
    const value = column.values[row] as number | bigint;
    if (typeof value === "bigint") this.bigint(value);
    else this.number(value);
  }

  /** Forgets the rows from `length` on. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** The column of all rows so far, which the next rows write over; the builder is empty afterwards. */
  lend(): Column {
    const column = this.#column(this.#validity);
    this.#length = 0;
    this.#used = 0;
    this.#lentValidity = this.#validity ?? this.#lentValidity;
    this.#validity = undefined;
    this.#bigints = undefined;
    return column;
  }

  /** The column of all rows so far; the builder is empty afterwards. */
  take(): Column {
    const column = this.lend();
    this.#lentValidity = undefined;
    this.#roomFor = Math.max(this.#roomFor, this.#capacity());
    this.#bytesFor = Math.max(this.#bytesFor, this.#bytes.length);
    if (this.layout === "text") {
      this.#starts = new Int32Array(0);
      this.#ends = new Int32Array(0);
      this.#bytes = new Uint8Array(0);
    } else this.#numbers = numbersOf(this.layout, 0);
    return column;
  }

  #column(validity: Uint8Array | undefined): Column {
    const numbers = this.#numbers;
    switch (this.layout) {
      case "bool":
        return { layout: "bool", values: numbers as Uint8Array, validity };
      case "int":
        return { layout: "int", values: numbers as Int32Array, validity };
      case "double":
        return { layout: "double", values: numbers as Float64Array, validity };
      case "long":
        return { layout: "long", values: this.#longs(), validity };
      case "text":
        return { layout: "text", starts: this.#starts, ends: this.#ends, bytes: this.#bytes, validity };
      default:
        return unreachable(this.layout);
    }
  }

  /** The contract of long columns: numbers exactly if all of them are safe, also when a wide row was truncated. */
  #longs(): Float64Array | BigInt64Array {
    const wide = this.#bigints;
    if (wide === undefined) return this.#numbers as Float64Array;
    for (let row = 0; row < this.#length; row++) {
      const value = wide[row] as bigint;
      if (value > 9007199254740991n || value < -9007199254740991n) return wide;
    }
    return Float64Array.from(wide, Number);
  }

  /** For the rows so far, none of which is null. */
  #newValidity(rows: number): Uint8Array {
    const lent = this.#lentValidity;
    const capacity = this.#capacity();
    const validity = lent !== undefined && lent.length >= capacity ? lent : new Uint8Array(capacity);
    return validity.fill(1, 0, rows);
  }

  #next(): number {
    const row = this.#length++;
    if (row >= this.#capacity()) this.#grow();
    if (this.#validity !== undefined) this.#validity[row] = 1;
    return row;
  }

  #capacity(): number {
    return this.layout === "text" ? this.#starts.length : this.#numbers.length;
  }

  #grow(): void {
    const capacity = Math.max(16, this.#roomFor, this.#capacity() * 2);
    if (this.layout === "text") {
      this.#starts = grown(this.#starts, new Int32Array(capacity));
      this.#ends = grown(this.#ends, new Int32Array(capacity));
    } else {
      const wider = numbersOf(this.layout, capacity);
      wider.set(this.#numbers);
      this.#numbers = wider;
      if (this.#bigints !== undefined) this.#bigints = grown(this.#bigints, new BigInt64Array(capacity));
    }
    if (this.#validity !== undefined) this.#validity = grown(this.#validity, new Uint8Array(capacity));
  }

  #reserve(more: number): void {
    if (this.#used + more <= this.#bytes.length) return;
    checkTextBytes(this.#used + more);
    const wanted = Math.max(this.#bytesFor, this.#bytes.length * 2);
    this.#bytes = grown(this.#bytes, new Uint8Array(textCapacity(wanted, this.#used + more)));
  }

  #widen(rows: number): void {
    const bigints = new BigInt64Array(this.#numbers.length);
    for (let row = 0; row < rows; row++) bigints[row] = BigInt(this.#numbers[row] as number);
    this.#bigints = bigints;
  }
}

const encoder = new TextEncoder();
/** Texts of up to so many characters are written one by one, while they are ASCII: a call into V8 takes 50 ns. */
const SHORT = 48;

/** Writes a text as UTF-8 and returns where it ends. */
function encode(value: string, bytes: Uint8Array, start: number): number {
  const { length } = value;
  let at = 0;
  if (length <= SHORT) {
    for (; at < length; at++) {
      const code = value.charCodeAt(at);
      if (code > 0x7f) break;
      bytes[start + at] = code;
    }
    if (at === length) return start + length;
  }
  return start + encoder.encodeInto(value, bytes.subarray(start)).written;
}

function numbersOf(layout: Layout, capacity: number): Float64Array | Int32Array | Uint8Array {
  if (layout === "bool") return new Uint8Array(capacity);
  return layout === "int" ? new Int32Array(capacity) : new Float64Array(capacity);
}

function grown<T extends Int32Array | Uint8Array | BigInt64Array>(from: T, into: T): T {
  if (from instanceof BigInt64Array) (into as BigInt64Array).set(from);
  else (into as Uint8Array).set(from as Uint8Array);
  return into;
}
