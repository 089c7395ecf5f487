import type { Column, ColumnType, Field } from "@df/core";
import { BATCH_ROWS_MAX, layoutOf } from "@df/core";
import { fromBase64 } from "./base64.ts";
import { CellCopies } from "./cell-copies.ts";
import { daysOf, microsOf } from "./calendar.ts";
import { Names } from "./names.ts";
import { beginsNumber, EXACT_DIGITS } from "./number.ts";
import type { NumberToken } from "./number.ts";
import { Refused } from "./refused.ts";
import type { Scanner } from "./scanner.ts";
import { decimalsOf, isWrittenAsText } from "./written.ts";

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
const QUOTE = 0x22;

/** Where values are written. Of these, those of the column's layout are in use. */
export interface CellArrays {
  readonly flags: Uint8Array;
  readonly ints: Int32Array;
  readonly doubles: Float64Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** 1 where the value is not null; undefined where the column is not nullable. */
  readonly validity: Uint8Array | undefined;
}

/**
 * The values of one column while a batch is decoded. A row is written by its number, so that the values of a record
 * that turns out to be invalid are simply written over.
 */
export class Cells implements CellArrays {
  readonly field: Field;
  readonly #type: ColumnType;
  readonly #kind: ColumnType["kind"];
  /** Whether values are written as text that `setText` takes. */
  readonly isText: boolean;
  /** Decimals of the numbers that are stored as integers: 2 for the cents of a decimal. */
  readonly decimals: number;
  /** First unscaled value that a decimal does not hold. */
  readonly #limit: number | bigint;
  readonly #allowed: Names | undefined;
  /** Generated code writes to these, see walk-text.ts. */
  flags: Uint8Array = new Uint8Array(0);
  ints: Int32Array = new Int32Array(0);
  doubles: Float64Array = new Float64Array(0);
  starts: Int32Array = this.ints;
  ends: Int32Array = this.ints;
  validity: Uint8Array | undefined;
  #room = 0;
  /** What `finish` gives where others write to the arrays, too. */
  #copies: CellCopies | undefined;
  /** Integers that a double does not hold; their rows are NaN in `doubles`. */
  #wide: BigInt64Array | undefined;

  constructor(field: Field) {
    this.field = field;
    if (field.nullable) this.validity = new Uint8Array(0);
    this.#type = field.type;
    this.#kind = field.type.kind;
    this.isText = isWrittenAsText(field.type);
    this.decimals = decimalsOf(field.type);
    this.#limit = limitOf(field.type);
    this.#allowed =
      field.type.kind === "string" && field.type.values !== undefined
        ? new Names(field.type.values)
        : undefined;
  }

  /** Goes on, behind `rows` rows, in arrays with room for every batch, which others use as well until `finish`. */
  share(arrays: CellArrays, rows: number): void {
    this.grow(BATCH_ROWS_MAX);
    arrays.flags.set(this.flags.subarray(0, rows));
    arrays.ints.set(this.ints.subarray(0, rows));
    arrays.doubles.set(this.doubles.subarray(0, rows));
    arrays.starts.set(this.starts.subarray(0, rows));
    arrays.ends.set(this.ends.subarray(0, rows));
    if (this.validity !== undefined) arrays.validity?.set(this.validity.subarray(0, rows));
    this.flags = arrays.flags;
    this.ints = arrays.ints;
    this.doubles = arrays.doubles;
    this.starts = arrays.starts;
    this.ends = arrays.ends;
    this.validity = arrays.validity;
    this.#copies = new CellCopies();
  }

  /** Begins a batch of at most `rows` rows: what was read before is written over. */
  begin(rows: number): void {
    this.#wide = undefined;
    this.grow(rows);
  }

  /** Makes room for `rows` rows, keeping those there are. */
  grow(rows: number): void {
    if (rows <= this.#room) return;
    this.#room = rows;
    const { flags, ints, doubles, starts, ends, validity } = this;
    const wide = this.#wide;
    const layout = layoutOf(this.#type);
    if (layout === "bool") (this.flags = new Uint8Array(rows)).set(flags);
    else if (layout === "int") (this.ints = new Int32Array(rows)).set(ints);
    else if (layout === "text") {
      (this.starts = new Int32Array(rows)).set(starts);
      (this.ends = new Int32Array(rows)).set(ends);
    } else (this.doubles = new Float64Array(rows)).set(doubles);
    if (validity !== undefined) (this.validity = new Uint8Array(rows)).set(validity);
    if (wide !== undefined) (this.#wide = new BigInt64Array(rows)).set(wide);
  }

  /** The first `rows` rows as a column over `bytes`. */
  finish(rows: number, bytes: Uint8Array): Column {
    const validity = this.validity?.subarray(0, rows).includes(0) === true ? this.validity : undefined;
    const column = this.#column(rows, bytes, validity);
    return this.#copies === undefined ? column : this.#copies.of(column, rows);
  }

  #column(rows: number, bytes: Uint8Array, validity: Uint8Array | undefined): Column {
    const layout = layoutOf(this.#type);
    if (layout === "bool") return { layout, values: this.flags, validity };
    if (layout === "int") return { layout, values: this.ints, validity };
    if (layout === "double") return { layout, values: this.doubles, validity };
    if (layout === "long") return { layout, values: this.#longs(rows), validity };
    return { layout, starts: this.starts, ends: this.ends, bytes, validity };
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
      case "bytes":
      case "date":
        scan.readString();
        return this.setText(scan, row);
      case "int64":
      case "int32":
      case "float64":
        readNumber(scan);
        return this.setNumber(scan.number, row);
      case "timestamp":
        if (this.isText) {
          scan.readString();
          return this.setText(scan, row);
        }
        readNumber(scan);
        return this.setNumber(scan.number, row);
      case "decimal":
        // A number, or a string that holds one: many writers quote them to keep their digits.
        if (scan.bytes[scan.at] === QUOTE) {
          scan.readString();
          readQuoted(scan);
        } else readNumber(scan);
        return this.setNumber(scan.number, row);
      case "bool":
        this.flags[row] = scan.readBool() ? 1 : 0;
        return;
      case "json":
        this.starts[row] = scan.at;
        scan.skipValue(1);
        this.ends[row] = scan.at;
        return;
    }
  }

  /** Writes the text in `scan.text`, of a column whose values are written as text. @throws Refused, as `read` */
  setText(scan: Scanner, row: number): void {
    const { text, textStart, textEnd } = scan;
    if (this.#kind === "date") this.ints[row] = daysOf(text, textStart, textEnd);
    else if (this.#kind === "timestamp") this.doubles[row] = microsOf(text, textStart, textEnd);
    else if (this.#kind === "bytes") this.#setBytes(scan, row);
    else this.#setString(scan, row);
  }

  /** Writes a number, of a column whose values are written as numbers. @throws Refused, as `read` */
  setNumber(number: NumberToken, row: number): void {
    if (this.#kind === "float64") this.doubles[row] = number.double();
    else this.#setInteger(number.integer(this.decimals), row);
  }

  /** Writes a value × 10^`decimals`. */
  #setInteger(value: number | bigint, row: number): void {
    const type = this.#type;
    if (type.kind === "int32") {
      if (typeof value === "bigint" || value !== (value | 0))
        throw new Refused("is out of the range of int32");
      this.ints[row] = value;
    } else if (type.kind === "timestamp") {
      if (typeof value === "bigint") throw new Refused("is out of range: 1684 to 2255 expected");
      this.doubles[row] = value;
    } else {
      if (type.kind === "int64" && type.as === "number" && typeof value === "bigint") {
        throw new Refused("is beyond 2^53: declare the column with t.int64()");
      }
      if (type.kind === "decimal" && (value < 0 ? -value : value) >= this.#limit) {
        throw new Refused(`has more than ${type.precision} digits`);
      }
      this.#setLong(row, value);
    }
  }

  #setString(scan: Scanner, row: number): void {
    const { text, textStart, textEnd } = scan;
    if (!this.allows(text, textStart, textEnd)) {
      const values = this.#type.kind === "string" ? (this.#type.values ?? []) : [];
      throw new Refused(`is none of ${values.map((value) => JSON.stringify(value)).join(", ")}`);
    }
    // Text in `extra` counts on behind the bytes: the decoder joins the two.
    const base = text === scan.bytes ? 0 : scan.bytes.length;
    this.starts[row] = base + textStart;
    this.ends[row] = base + textEnd;
  }

  #setBytes(scan: Scanner, row: number): void {
    const to = scan.reserve(Math.ceil(((scan.textEnd - scan.textStart) * 3) / 4));
    const from = { bytes: scan.text, start: scan.textStart, end: scan.textEnd };
    scan.extraUsed = fromBase64(from, scan.extra, to);
    this.starts[row] = scan.bytes.length + to;
    this.ends[row] = scan.bytes.length + scan.extraUsed;
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
    const { doubles } = this;
    const wide = this.#wide;
    if (wide === undefined || !doubles.subarray(0, rows).some(Number.isNaN)) return doubles;
    for (let row = 0; row < rows; row++) {
      const value = doubles[row] as number;
      if (!Number.isNaN(value)) wide[row] = BigInt(value);
    }
    return wide;
  }
}

/** A number where it is exact: comparing with a bigint takes its time. */
function limitOf(type: ColumnType): number | bigint {
  const precision = type.kind === "decimal" ? type.precision : 0;
  return precision <= EXACT_DIGITS ? 10 ** precision : 10n ** BigInt(precision);
}

/** Reads a number, or says that it is none: the scanner alone would only miss a value. */
function readNumber(scan: Scanner): void {
  if (!beginsNumber(scan.bytes[scan.at] as number)) throw new Refused("is no number");
  scan.readNumber();
}

/** Reads the number that is the whole of a string; the quote, or what follows it in `extra`, ends it. */
function readQuoted(scan: Scanner): void {
  const { bytes, text, textStart, textEnd, number } = scan;
  const isNumber = text === bytes && number.readWhole(text, textStart, textEnd);
  if (!isNumber) throw new Refused("is no decimal");
}
