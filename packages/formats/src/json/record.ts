import type { Schema } from "@df/core";
import { Cells } from "./cells.ts";
import { Names } from "./names.ts";
import { Refused } from "./refused.ts";
import { Scanner } from "./scanner.ts";

/** Bytes of a value that a reason shows at most. */
const EXCERPT_BYTES_MAX = 40;
/** Keys of a record whose place is remembered. */
const LAYOUT_KEYS_MAX = 256;
const NEWLINE = 0x0a;
const QUOTE = 0x22;

/** Reads records, objects with any order of keys, into the cells of the columns that are wanted. */
export class RecordReader {
  readonly scan: Scanner = new Scanner();
  /** Of the wanted columns, in their order. */
  readonly cells: readonly Cells[];
  /** The names of all columns. */
  readonly names: Names;
  readonly #fields: Schema["fields"];
  /** Cells by field of the full schema; undefined where nobody reads the column. */
  readonly #cellsByField: readonly (Cells | undefined)[];
  /** The record in which each field was seen last. */
  readonly #seenIn: Float64Array;
  #record = 0;
  /**
   * The field each key of the last record named, by the key's place: the next record has most likely the same order.
   */
  readonly #layout: Int32Array = new Int32Array(LAYOUT_KEYS_MAX).fill(-1);
  /** Where the record, and the value that is being read, begin; the field is −1 between values. */
  #start = 0;
  #field = -1;
  #valueStart = 0;

  constructor(schema: Schema, wanted: Schema) {
    this.#fields = schema.fields;
    this.names = new Names(schema.fields.map(({ name }) => name));
    this.cells = wanted.fields.map((field) => new Cells(field));
    this.#cellsByField = schema.fields.map(({ name }) => this.cells.find(({ field }) => field.name === name));
    this.#seenIn = new Float64Array(schema.fields.length);
  }

  /**
   * Reads the record that begins at `start` and ends with a newline into row `row`; the reason if it is refused. What a
   * refused record has left in the row is written over by the next one.
   */
  read(start: number, row: number): string | undefined {
    this.scan.at = this.#start = start;
    this.#field = -1;
    try {
      this.#readRecord(row);
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      return this.#reason(thrown);
    }
  }

  #readRecord(row: number): void {
    const { scan } = this;
    this.#record++;
    let seen = 0;
    scan.blanks();
    if (scan.bytes[scan.at] !== 0x7b) throw new Refused("a JSON object expected", scan.at);
    scan.at++;
    scan.blanks();
    if (scan.bytes[scan.at] === 0x7d) scan.at++;
    else {
      for (let place = 0; ; place++) {
        if (this.#readMember(place, row)) seen++;
        if (scan.bytes[scan.at] === 0x2c) {
          scan.at++;
          scan.blanks();
        } else {
          scan.expect(0x7d);
          break;
        }
      }
    }
    scan.blanks();
    if (scan.bytes[scan.at] !== NEWLINE) throw new Refused("text behind the object", scan.at);
    if (seen < this.#fields.length) this.#fillMissing(row);
  }

  /** Reads a key and its value, and the blanks behind it. Whether it was a column. */
  #readMember(place: number, row: number): boolean {
    const { scan } = this;
    const field = this.#readKey(place);
    scan.blanks();
    scan.expect(0x3a);
    scan.blanks();
    if (field < 0) scan.skipValue(1);
    else {
      this.#field = field;
      this.#valueStart = -1;
      if (this.#seenIn[field] === this.#record) throw new Refused("duplicate key");
      this.#seenIn[field] = this.#record;
      this.#valueStart = scan.at;
      const cells = this.#cellsByField[field];
      if (cells === undefined) scan.skipValue(1);
      else cells.read(scan, row);
      this.#field = -1;
    }
    scan.blanks();
    return field >= 0;
  }

  #readKey(place: number): number {
    const { scan } = this;
    const { bytes, at } = scan;
    if (bytes[at] !== QUOTE) throw new Refused("a key expected", at);
    const expected = place < LAYOUT_KEYS_MAX ? (this.#layout[place] as number) : -1;
    if (expected >= 0) {
      const end = this.names.endAt(expected, bytes, at + 1);
      if (end >= 0 && bytes[end] === QUOTE) {
        scan.at = end + 1;
        return expected;
      }
    }
    scan.readString();
    const field = this.names.find(scan.text, scan.textStart, scan.textEnd);
    // A name with a character that JSON escapes never stands in the bytes as it is, so it is not expected there.
    if (place < LAYOUT_KEYS_MAX) this.#layout[place] = scan.text === bytes ? field : -1;
    return field;
  }

  /** Columns that may be absent are null. */
  #fillMissing(row: number): void {
    for (let field = 0; field < this.#fields.length; field++) {
      if (this.#seenIn[field] === this.#record) continue;
      this.#field = field;
      this.#valueStart = -1;
      if (this.#fields[field]?.optional !== true) throw new Refused("missing field");
      this.#cellsByField[field]?.setNull(row);
    }
  }

  #reason({ reason, at }: Refused): string {
    const name = this.#fields[this.#field]?.name;
    if (name === undefined) {
      return `${reason} at byte ${at - this.#start} of the record, found ${this.#excerpt(at)}`;
    }
    if (this.#valueStart < 0) return `Column "${name}": ${reason}`;
    if (at >= 0) return `Column "${name}": ${reason}, found ${this.#excerpt(at)}`;
    return `Column "${name}": ${this.#excerpt(this.#valueStart)} ${reason}`;
  }

  /** The value at `at`, or the rest of the line where none stands there. */
  #excerpt(at: number): string {
    const { scan } = this;
    const end = this.#endOfValue(at);
    if (end === at) return "the end of the line";
    const cut = Math.min(end, at + EXCERPT_BYTES_MAX);
    const text = new TextDecoder().decode(scan.bytes.subarray(at, cut));
    return cut < end ? `${text.replace(/\uFFFD+$/, "")}…` : text;
  }

  #endOfValue(at: number): number {
    try {
      this.scan.at = at;
      this.scan.skipValue(1);
      return this.scan.at;
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      return this.scan.bytes.indexOf(NEWLINE, at);
    }
  }
}
