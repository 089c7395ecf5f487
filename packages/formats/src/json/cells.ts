import type { Column, ColumnType, Field } from "@df/core";
import { layoutOf } from "@df/core";
import { fromBase64 } from "./base64.ts";
import { daysOf, microsOf } from "./calendar.ts";
import { Names } from "./names.ts";
import { Refused } from "./refused.ts";
import type { Scanner } from "./scanner.ts";

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
/** Decimals of a number of seconds, milliseconds or microseconds, down to the microsecond. */
const DECIMALS = { s: 6, ms: 3, us: 0 } as const;
const QUOTE = 0x22;

/**
 * The values of one column while a batch is decoded. A row is written by its number, so that the values of a record
 * that turns out to be invalid are simply written over.
 */
export class Cells {
  readonly field: Field;
  readonly #type: ColumnType;
  readonly #kind: ColumnType["kind"];
  readonly #allowed: Names | undefined;
  /** Of these, those of the column's layout are in use. Generated code writes to them, see walk-text.ts. */
  flags: Uint8Array = new Uint8Array(0);
  ints: Int32Array = new Int32Array(0);
  doubles: Float64Array = new Float64Array(0);
  starts: Int32Array = this.ints;
  ends: Int32Array = this.ints;
  /** 1 where the value is not null; undefined where the column is not nullable. */
  validity: Uint8Array | undefined;
  /** Integers that a double does not hold; their rows are NaN in `doubles`. */
  #wide: BigInt64Array | undefined;

  constructor(field: Field) {
    this.field = field;
    this.#type = field.type;
    this.#kind = field.type.kind;
    this.#allowed =
      field.type.kind === "string" && field.type.values !== undefined
        ? new Names(field.type.values)
        : undefined;
  }

  /** Begins a batch of at most `rows` rows, in fresh arrays. */
  begin(rows: number): void {
    const layout = layoutOf(this.#type);
    if (layout === "bool") this.flags = new Uint8Array(rows);
    else if (layout === "int") this.ints = new Int32Array(rows);
    else if (layout === "text") {
      this.starts = new Int32Array(rows);
      this.ends = new Int32Array(rows);
    } else this.doubles = new Float64Array(rows);
    this.#wide = undefined;
    this.validity = this.field.nullable ? new Uint8Array(rows) : undefined;
  }

  /** Makes room for `rows` rows, keeping those there are. */
  grow(rows: number): void {
    const { flags, ints, doubles, starts, ends, validity } = this;
    const wide = this.#wide;
    this.begin(rows);
    // Arrays that the layout does not use stayed as they were.
    this.flags.set(flags);
    this.ints.set(ints);
    this.doubles.set(doubles);
    this.starts.set(starts);
    this.ends.set(ends);
    if (validity !== undefined) this.validity?.set(validity);
    if (wide !== undefined) {
      this.#wide = new BigInt64Array(rows);
      this.#wide.set(wide);
    }
  }

  /** The first `rows` rows as a column over `bytes`. */
  finish(rows: number, bytes: Uint8Array): Column {
    const given = this.validity?.subarray(0, rows);
    const validity = given?.includes(0) === true ? given : undefined;
    const layout = layoutOf(this.#type);
    if (layout === "bool") return { layout, values: this.flags.subarray(0, rows), validity };
    if (layout === "int") return { layout, values: this.ints.subarray(0, rows), validity };
    if (layout === "double") return { layout, values: this.doubles.subarray(0, rows), validity };
    if (layout === "long") return { layout, values: this.#longs(rows), validity };
    return {
      layout,
      starts: this.starts.subarray(0, rows),
      ends: this.ends.subarray(0, rows),
      bytes,
      validity,
    };
  }

  /** Sets a row to null. @throws Refused where the column is not nullable */
  setNull(row: number): void {
    if (this.validity === undefined) throw new Refused("is not nullable");
    this.validity[row] = 0;
    // A refused record may have left its value in this row.
    if (row < this.flags.length) this.flags[row] = 0;
    if (row < this.ints.length) this.ints[row] = 0;
    if (row < this.doubles.length) this.doubles[row] = 0;
    if (row < this.starts.length) this.starts[row] = this.ends[row] = 0;
  }

  /** Whether the text `bytes[start .. end)` is one of the strings the column allows. */
  allows(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#allowed === undefined || this.#allowed.find(bytes, start, end) >= 0;
  }

  /** Reads the value at the scanner's place into a row. @throws Refused where it is none of this column */
  read(scan: Scanner, row: number): void {
    if (scan.takeNull()) return this.setNull(row);
    if (this.validity !== undefined) this.validity[row] = 1;
    switch (this.#kind) {
      case "string":
        return this.#readText(scan, row);
      case "int64":
        return this.#readInt64(scan, row);
      case "float64":
        readNumber(scan);
        this.doubles[row] = scan.number.double();
        return;
      case "timestamp":
        this.doubles[row] = this.#readMicros(scan);
        return;
      case "int32":
        return this.#readInt32(scan, row);
      case "bool":
        this.flags[row] = scan.readBool() ? 1 : 0;
        return;
      case "decimal":
        return this.#readDecimal(scan, row);
      case "date":
        scan.readString();
        this.ints[row] = daysOf(scan.text, scan.textStart, scan.textEnd);
        return;
      case "bytes":
        return this.#readBytes(scan, row);
      case "json":
        this.starts[row] = scan.at;
        scan.skipValue(1);
        this.ends[row] = scan.at;
        return;
    }
  }

  #readText(scan: Scanner, row: number): void {
    scan.readString();
    const { text, textStart, textEnd } = scan;
    if (!this.allows(text, textStart, textEnd)) {
      const values = this.#type.kind === "string" ? (this.#type.values ?? []) : [];
      throw new Refused(`is none of ${values.map((value) => JSON.stringify(value)).join(", ")}`);
    }
    this.#setText(scan, row);
  }

  /** Text in `extra` counts on behind the bytes: the decoder joins the two. */
  #setText(scan: Scanner, row: number): void {
    const base = scan.text === scan.bytes ? 0 : scan.bytes.length;
    this.starts[row] = base + scan.textStart;
    this.ends[row] = base + scan.textEnd;
  }

  #readBytes(scan: Scanner, row: number): void {
    scan.readString();
    const to = scan.reserve(Math.ceil(((scan.textEnd - scan.textStart) * 3) / 4));
    const from = { bytes: scan.text, start: scan.textStart, end: scan.textEnd };
    scan.extraUsed = fromBase64(from, scan.extra, to);
    this.starts[row] = scan.bytes.length + to;
    this.ends[row] = scan.bytes.length + scan.extraUsed;
  }

  #readInt32(scan: Scanner, row: number): void {
    readNumber(scan);
    const value = scan.number.integer(0);
    if (typeof value === "bigint" || value !== (value | 0)) throw new Refused("is out of the range of int32");
    this.ints[row] = value;
  }

  #readInt64(scan: Scanner, row: number): void {
    readNumber(scan);
    const value = scan.number.integer(0);
    if (typeof value === "bigint" && this.#type.kind === "int64" && this.#type.as === "number") {
      throw new Refused("is beyond 2^53: declare the column with t.int64()");
    }
    this.#setLong(row, value);
  }

  /** A decimal is a number, or a string that holds one: many writers quote them to keep their digits. */
  #readDecimal(scan: Scanner, row: number): void {
    if (this.#type.kind !== "decimal") return;
    if (scan.bytes[scan.at] === QUOTE) {
      scan.readString();
      readQuoted(scan);
    } else readNumber(scan);
    const value = scan.number.integer(this.#type.scale);
    const limit = 10n ** BigInt(this.#type.precision);
    const magnitude = value < 0 ? -value : value;
    if (magnitude >= limit) throw new Refused(`has more than ${this.#type.precision} digits`);
    this.#setLong(row, value);
  }

  #readMicros(scan: Scanner): number {
    const unit = this.#type.kind === "timestamp" ? this.#type.json : "iso";
    if (unit === "iso") {
      scan.readString();
      return microsOf(scan.text, scan.textStart, scan.textEnd);
    }
    readNumber(scan);
    const value = scan.number.integer(DECIMALS[unit]);
    if (typeof value === "bigint") throw new Refused("is out of range: 1684 to 2255 expected");
    return value;
  }

  #setLong(row: number, value: number | bigint): void {
    if (typeof value === "bigint") {
      if (value > INT64_MAX || value < INT64_MIN) throw new Refused("is out of the range of int64");
      this.#wide ??= new BigInt64Array(this.doubles.length);
      this.#wide[row] = value;
      this.doubles[row] = Number.NaN;
    } else this.doubles[row] = value;
  }

  /** By their contract long columns are wide exactly if a value needs it; one of a refused record does not count. */
  #longs(rows: number): Float64Array | BigInt64Array {
    const doubles = this.doubles.subarray(0, rows);
    const wide = this.#wide?.subarray(0, rows);
    if (wide === undefined || !doubles.some(Number.isNaN)) return doubles;
    for (let row = 0; row < rows; row++) {
      const value = doubles[row] as number;
      if (!Number.isNaN(value)) wide[row] = BigInt(value);
    }
    return wide;
  }
}

/** Reads a number, or says that it is none: the scanner alone would only miss a value. */
function readNumber(scan: Scanner): void {
  const byte = scan.bytes[scan.at] as number;
  if (byte !== 0x2d && (byte < 0x30 || byte > 0x39)) throw new Refused("is no number");
  scan.readNumber();
}

/** Reads the number that is the whole of a string; the quote, or what follows it in `extra`, ends it. */
function readQuoted(scan: Scanner): void {
  const byte = scan.text[scan.textStart] as number;
  const isNumber =
    scan.textEnd > scan.textStart &&
    (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) &&
    scan.text === scan.bytes &&
    scan.number.read(scan.text, scan.textStart) === scan.textEnd;
  if (!isNumber) throw new Refused("is no decimal");
}
