import { isUtf8 } from "node:buffer";
import type { InvalidRecord, Schema } from "@df/core";
import { BATCH_ROWS_MAX, present } from "@df/core";
import { withNewline } from "../bytes.ts";
import type { DecodedLines, Inside, OpenLineDecoder, Passed } from "../decoder.ts";
import { NEWLINE } from "../line-ends.ts";
import { ColumnReader } from "./columns.ts";
import type { Dialect } from "./fields.ts";
import { placesInOrder, readHeader } from "./header.ts";
import { passRecord } from "./pass.ts";

const BYTE_ORDER_MARK = Uint8Array.of(0xef, 0xbb, 0xbf);
/** How records are decoded. */
export interface RecordsOptions {
  /** All columns. */
  readonly schema: Schema;
  readonly dialect: Dialect;
  readonly header: boolean;
  /** What stands, unquoted, for null. */
  readonly nulls: string;
  readonly recordBytesMax: number;
}

/** Cuts bytes into records and has their columns read. */
export class CsvRecords implements OpenLineDecoder {
  readonly #columns: Schema;
  readonly #options: RecordsOptions;
  /** Known once the head is. */
  #reader: ColumnReader | undefined;
  /** Where the records of a batch begin and end. */
  readonly #starts: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #ends: Int32Array = new Int32Array(BATCH_ROWS_MAX);

  constructor(columns: Schema, options: RecordsOptions) {
    this.#columns = columns;
    this.#options = options;
  }

  head(bytes: Uint8Array, atEnd: boolean): number | undefined {
    const isMarked = BYTE_ORDER_MARK.subarray(0, bytes.length).every((byte, i) => byte === bytes[i]);
    const isWhole = bytes.length >= BYTE_ORDER_MARK.length;
    if (isMarked && !isWhole && !atEnd) return undefined;
    const first = isMarked && isWhole ? BYTE_ORDER_MARK.length : 0;
    const found = this.#options.header
      ? readHeader(bytes, first, atEnd, this.#options)
      : { places: placesInOrder(this.#options.schema), end: first };
    if (found !== undefined) this.#reader = new ColumnReader(this.#columns, found.places, this.#options);
    return found?.end;
  }

  decode(bytes: Uint8Array, base: number, atEnd: boolean, rowsMax: number): DecodedLines {
    const isEnded = bytes.length === 0 || bytes[bytes.length - 1] === NEWLINE;
    const ended = atEnd && !isEnded ? withNewline(bytes) : bytes;
    const input = { bytes: ended, size: bytes.length, atEnd, rowsMax };
    let found = this.#scan(input, true);
    // Then each record is looked at for itself.
    if (!isUtf8(ended.subarray(0, found.consumed))) found = this.#scan(input, false);
    const reader = this.#opened();
    const refused = reader.read(found.rows);
    if (refused.size > 0) {
      found = this.#without(refused, ended, found);
      reader.read(found.rows);
    }
    const { rows, invalid, last, cut } = found;
    const starts = this.#starts.slice(0, rows);
    const consumed = Math.min(found.consumed, bytes.length);
    const isOver = !cut && found.consumed <= bytes.length;
    return {
      length: rows,
      columns: reader.finish(rows, ended),
      positions: positionsOf(starts, base),
      raw: { starts, ends: this.#ends.slice(0, rows), bytes: ended },
      invalid: invalid.map(({ at, raw, reason }) => ({ position: base + at, raw, reason })),
      consumed,
      cut,
      inside: isOver ? undefined : this.pass(bytes.subarray(last, consumed), "start").inside,
    };
  }

  pass(bytes: Uint8Array, inside: Inside): Passed {
    return passRecord(bytes, inside, this.#options.dialect);
  }

  /** Finds records, and refuses those that have not the shape of one. */
  #scan({ bytes, size, atEnd, rowsMax }: Input, isText: boolean): Found {
    const { recordBytesMax } = this.#options;
    const { fields } = this.#opened();
    const invalid: Refusal[] = [];
    const refuse = (start: number, end: number, reason: string): void => {
      invalid.push({ at: start, raw: bytes.slice(start, Math.min(end, start + recordBytesMax)), reason });
    };
    fields.begin(bytes);
    let rows = 0;
    let at = 0;
    let last = 0;
    while (rows + invalid.length < rowsMax && at < bytes.length) {
      const next = fields.scan(at, rows);
      last = at;
      if (next < 0) {
        // One byte more may be the beginning of CRLF.
        const cut = bytes.length - at > recordBytesMax + 1;
        if (!cut && !atEnd) break;
        refuse(at, size, cut ? this.#tooLong() : "A quote is never closed");
        return { rows, invalid, last, consumed: bytes.length, cut };
      }
      at = next;
      // In a file of one column an empty line is a record with an empty field.
      if (fields.end === last && fields.width > 1) continue;
      const reason = this.#fault(last, isText);
      if (reason !== undefined) refuse(last, fields.end, reason);
      else {
        this.#starts[rows] = last;
        this.#ends[rows++] = fields.end;
      }
    }
    return { rows, invalid, last, consumed: at, cut: false };
  }

  /** Why the record that was scanned last is none. */
  #fault(start: number, isText: boolean): string | undefined {
    const { bytes, count, end, fault, width } = this.#opened().fields;
    if (end - start > this.#options.recordBytesMax) return this.#tooLong();
    if (!isText && !isUtf8(bytes.subarray(start, end))) return "The record is no UTF-8";
    if (fault === undefined && count !== width) return `The record has ${count} fields, ${width} expected`;
    return fault;
  }

  #tooLong(): string {
    return `The record is longer than ${this.#options.recordBytesMax} bytes`;
  }

  /** Takes rows out that hold a value which is none of its column. */
  #without(refused: ReadonlyMap<number, string>, bytes: Uint8Array, found: Found): Found {
    const { fields } = this.#opened();
    const starts = this.#starts;
    const ends = this.#ends;
    const invalid = [...found.invalid];
    let rows = 0;
    for (let row = 0; row < found.rows; row++) {
      const reason = refused.get(row);
      const at = starts[row] as number;
      if (reason !== undefined) invalid.push({ at, raw: bytes.slice(at, ends[row]), reason });
      else {
        fields.move(row, rows);
        starts[rows] = at;
        ends[rows++] = ends[row] as number;
      }
    }
    return { ...found, rows, invalid: invalid.toSorted((a, b) => a.at - b.at) };
  }

  #opened(): ColumnReader {
    return present(this.#reader, "the head of the split");
  }
}

interface Input {
  readonly bytes: Uint8Array;
  /** How many of them are the source's: a newline may have been added. */
  readonly size: number;
  readonly atEnd: boolean;
  readonly rowsMax: number;
}

interface Refusal extends Omit<InvalidRecord, "position"> {
  readonly at: number;
}

interface Found {
  readonly rows: number;
  readonly invalid: readonly Refusal[];
  /** Where the last record begins that was looked at. */
  readonly last: number;
  readonly consumed: number;
  readonly cut: boolean;
}

function positionsOf(starts: Int32Array, base: number): Float64Array {
  const positions = new Float64Array(starts.length);
  for (let row = 0; row < starts.length; row++) positions[row] = base + (starts[row] as number);
  return positions;
}
