import { isUtf8 } from "node:buffer";
import type { InvalidRecord, Schema } from "@df/core";
import { BATCH_ROWS_MAX, present } from "@df/core";
import { withNewline } from "../bytes.ts";
import type { DecodedLines, Inside, OpenLineDecoder, Passed } from "../decoder.ts";
import { Rows } from "../json/rows.ts";
import { NEWLINE } from "../line-ends.ts";
import { ColumnReader } from "./columns.ts";
import type { Dialect } from "./fields.ts";
import { placesInOrder, readHeader } from "./header.ts";
import type { Places } from "./header.ts";
import { KernelRecords } from "./kernel-records.ts";
import type { CsvKernels } from "./kernel.ts";
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
  /** Where generated code comes from; without it none runs. It changes nothing of what is decoded. */
  readonly kernels?: CsvKernels | undefined;
}

/** Cuts bytes into records and has their columns read. */
export class CsvRecords implements OpenLineDecoder {
  readonly #columns: Schema;
  readonly #options: RecordsOptions;
  /** Known once the head is. */
  #reader: ColumnReader | undefined;
  #kernel: KernelRecords | undefined;
  /** Those of the running call. */
  readonly #rows: Rows = new Rows();

  constructor(columns: Schema, options: RecordsOptions) {
    this.#columns = columns;
    this.#options = options;
    this.#rows.grow(BATCH_ROWS_MAX);
  }

  head(bytes: Uint8Array, atEnd: boolean): number | undefined {
    const isMarked = BYTE_ORDER_MARK.subarray(0, bytes.length).every((byte, i) => byte === bytes[i]);
    const isWhole = bytes.length >= BYTE_ORDER_MARK.length;
    if (isMarked && !isWhole && !atEnd) return undefined;
    const first = isMarked && isWhole ? BYTE_ORDER_MARK.length : 0;
    const found = this.#options.header
      ? readHeader(bytes, first, atEnd, this.#options)
      : { places: placesInOrder(this.#options.schema), end: first };
    if (found !== undefined) this.#open(found.places);
    return found?.end;
  }

  #open(places: Places): void {
    const { kernels } = this.#options;
    const reader = (this.#reader = new ColumnReader(this.#columns, places, this.#options));
    if (kernels !== undefined) this.#kernel = new KernelRecords(reader, this.#rows, kernels);
  }

  decode(bytes: Uint8Array, base: number, atEnd: boolean, rowsMax: number): DecodedLines {
    const isEnded = bytes.length === 0 || bytes[bytes.length - 1] === NEWLINE;
    const ended = atEnd && !isEnded ? withNewline(bytes) : bytes;
    const input = { bytes: ended, size: bytes.length, base, atEnd, rowsMax };
    const reader = this.#opened();
    reader.fields.begin(ended);
    const found = this.#walk(input) ?? this.#scan(input);
    const rows = this.#rows;
    const { invalid, last, cut } = found;
    const { positions, starts, ends } = rows.finish();
    const consumed = Math.min(found.consumed, bytes.length);
    const isOver = !cut && found.consumed <= bytes.length;
    return {
      length: rows.length,
      columns: reader.finish(rows.length, ended),
      positions,
      raw: { starts, ends, bytes: ended },
      invalid,
      consumed,
      cut,
      inside: isOver ? undefined : this.pass(bytes.subarray(last, consumed), "start").inside,
    };
  }

  pass(bytes: Uint8Array, inside: Inside): Passed {
    return passRecord(bytes, inside, this.#options.dialect);
  }

  /** Has a kernel read records; undefined where there is none, or where not all are UTF-8. */
  #walk(input: Input): Found | undefined {
    const kernel = this.#kernel;
    if (kernel?.begin(input.bytes, input.base) !== true) return undefined;
    this.#opened().begin(0);
    const found = this.#find(input, { isText: true, kernel });
    const isText = kernel.isAscii || isUtf8(input.bytes.subarray(0, found.consumed));
    return isText ? found : undefined;
  }

  /** Finds all records, and then reads their columns one after the other. */
  #scan(input: Input): Found {
    const { bytes } = input;
    let found = this.#find(input, { isText: true });
    // Then each record is looked at for itself.
    if (!isUtf8(bytes.subarray(0, found.consumed))) found = this.#find(input, { isText: false });
    const reader = this.#opened();
    const refused = reader.read(this.#rows.length);
    if (refused.size === 0) return found;
    found = this.#without(refused, bytes, found);
    reader.read(this.#rows.length);
    return found;
  }

  /** Finds records, and refuses those that have not the shape of one. With a kernel they are read, too. */
  #find({ bytes, size, base, atEnd, rowsMax }: Input, { isText, kernel }: How): Found {
    const { recordBytesMax } = this.#options;
    const reader = this.#opened();
    const { fields } = reader;
    const rows = this.#rows;
    rows.length = 0;
    const invalid: InvalidRecord[] = [];
    const refuse = (start: number, end: number, reason: string): void => {
      const raw = bytes.slice(start, Math.min(end, start + recordBytesMax));
      invalid.push({ position: base + start, raw, reason });
    };
    let at = 0;
    let last = 0;
    while (rows.length + invalid.length < rowsMax && at < bytes.length) {
      if (kernel !== undefined) {
        const walked = kernel.walk(at, rowsMax - invalid.length);
        if (walked > at) last = rows.starts[rows.length - 1] as number;
        at = walked;
        if (rows.length + invalid.length === rowsMax || at === bytes.length) break;
      }
      const next = fields.scan(at, kernel === undefined ? rows.length : 0);
      last = at;
      if (next < 0) {
        // One byte more may be the beginning of CRLF.
        const cut = bytes.length - at > recordBytesMax + 1;
        if (!cut && !atEnd) break;
        refuse(at, size, cut ? this.#tooLong() : "A quote is never closed");
        return { invalid, last, consumed: bytes.length, cut };
      }
      at = next;
      kernel?.passed();
      // In a file of one column an empty line is a record with an empty field.
      if (fields.end === last && fields.width > 1) continue;
      const reason =
        this.#fault(last, isText) ?? (kernel === undefined ? undefined : reader.readRecord(rows.length));
      if (reason !== undefined) refuse(last, fields.end, reason);
      else rows.add(base + last, last, fields.end);
    }
    return { invalid, last, consumed: at, cut: false };
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
    const rows = this.#rows;
    const { length, positions, starts, ends } = rows;
    const invalid = [...found.invalid];
    rows.length = 0;
    for (let row = 0; row < length; row++) {
      const reason = refused.get(row);
      const position = positions[row] as number;
      const start = starts[row] as number;
      const end = ends[row] as number;
      if (reason !== undefined) invalid.push({ position, raw: bytes.slice(start, end), reason });
      else {
        fields.move(row, rows.length);
        rows.add(position, start, end);
      }
    }
    return { ...found, invalid: invalid.toSorted((a, b) => a.position - b.position) };
  }

  #opened(): ColumnReader {
    return present(this.#reader, "the head of the split");
  }
}

interface Input {
  readonly bytes: Uint8Array;
  /** How many of them are the source's: a newline may have been added. */
  readonly size: number;
  readonly base: number;
  readonly atEnd: boolean;
  readonly rowsMax: number;
}

interface How {
  /** The bytes are taken to be UTF-8. */
  readonly isText: boolean;
  /** Reads what it can of them. */
  readonly kernel?: KernelRecords;
}

interface Found {
  readonly invalid: readonly InvalidRecord[];
  /** Where the last record begins that was looked at. */
  readonly last: number;
  readonly consumed: number;
  readonly cut: boolean;
}
