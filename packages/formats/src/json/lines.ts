import { isUtf8 } from "node:buffer";
import type { InvalidRecord, Schema } from "@df/core";
import { BATCH_ROWS_MAX } from "@df/core";
import { withNewline } from "../bytes.ts";
import type { DecodedLines, Inside, OpenLineDecoder, Passed } from "../decoder.ts";
import { hasByteOrderMark, NEWLINE, passLine, RETURN } from "../line-ends.ts";
import { KernelLines } from "./kernel-lines.ts";
import { LearnedLayouts } from "./learned.ts";
import type { LineWalks } from "./line-walks.ts";
import { RecordReader } from "./record.ts";
import { Rows } from "./rows.ts";
import { isBlank } from "./scanner.ts";
import type { Walks } from "./walks.ts";

const OPENING = 0x7b;

/** Bytes of a line before the first ones are seen. */
const LINE_BYTES = 128;
/** Room is made for some rows more than there were in as many bytes last time. */
const LINE_BYTES_SHARE = 0.95;
const ROWS_SPARE = 4;

/** How lines are decoded. */
export interface LinesOptions {
  readonly recordBytesMax: number;
  /** Where generated code comes from; without it none runs. It changes nothing of what is decoded. */
  readonly walks?: Walks | undefined;
}

/** Cuts bytes into lines and has each one read. */
export class JsonLines implements OpenLineDecoder {
  readonly #records: RecordReader;
  readonly #recordBytesMax: number;
  readonly #starts: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #ends: Int32Array = new Int32Array(BATCH_ROWS_MAX);

  readonly #layouts: LineWalks | undefined;
  /** Those of the running call. */
  readonly #rows: Rows = new Rows();
  /** Mean of the lines that were walked last. */
  #lineBytes = LINE_BYTES;

  constructor(schema: Schema, columns: Schema, { recordBytesMax, walks }: LinesOptions) {
    this.#records = new RecordReader(schema, columns);
    this.#recordBytesMax = recordBytesMax;
    if (walks?.kernel !== undefined) {
      this.#layouts = new KernelLines(this.#records, this.#rows, walks.kernel);
    } else if (walks !== undefined) this.#layouts = new LearnedLayouts(this.#records, walks);
  }

  decode(bytes: Uint8Array, base: number, atEnd: boolean, rowsMax: number): DecodedLines {
    const isOpen = atEnd && bytes.length > 0 && bytes[bytes.length - 1] !== NEWLINE;
    const content = isOpen ? withNewline(bytes) : bytes;
    const first = base === 0 && hasByteOrderMark(content) ? 3 : 0;
    const walked = this.#layouts === undefined ? undefined : this.#walk(content, base, { first, rowsMax });
    if (walked !== undefined) {
      return this.#finish(content, { ...walked, consumed: Math.min(walked.consumed, bytes.length) });
    }
    const lines = this.#findLines(content, first, rowsMax);
    // One byte more may be the beginning of CRLF.
    if (lines.consumed === 0 && content.length - first > this.#recordBytesMax + 1) {
      const reason = this.#tooLong();
      const raw = content.slice(first, first + this.#recordBytesMax);
      return this.#finish(content, {
        rows: this.#begin(0),
        invalid: [{ position: base + first, raw, reason }],
        consumed: content.length,
        cut: true,
      });
    }
    const { rows, invalid } = this.#readLines(content, base, lines);
    const consumed = Math.min(lines.consumed, bytes.length);
    return this.#finish(content, { rows, invalid, consumed, cut: false });
  }

  pass(bytes: Uint8Array, inside: Inside): Passed {
    return passLine(bytes, inside, isBlank);
  }

  /** Finds complete lines that are not blank. */
  #findLines(bytes: Uint8Array, first: number, rowsMax: number): Lines {
    let count = 0;
    let at = first;
    let consumed = 0;
    while (count < rowsMax) {
      const newline = bytes.indexOf(NEWLINE, at);
      if (newline < 0) break;
      consumed = newline + 1;
      const end = newline > at && bytes[newline - 1] === RETURN ? newline - 1 : newline;
      if (bytes[at] === OPENING || !this.#isPassed(bytes, at, end)) {
        this.#starts[count] = at;
        this.#ends[count] = end;
        count++;
      }
      at = consumed;
    }
    return { count, consumed };
  }

  /**
   * Reads lines by code that is made for them, which finds their ends by itself, and one by one those that it does not
   * take. Undefined where no line is complete, or where not all are UTF-8: the code does not look for that.
   */
  #walk(bytes: Uint8Array, base: number, { first, rowsMax }: Bounds): Found | undefined {
    const layouts = this.#layouts as LineWalks;
    const { state } = layouts;
    let rowsRoom = Math.min(rowsMax, Math.ceil(bytes.length / this.#lineBytes) + ROWS_SPARE);
    const rows = this.#begin(rowsRoom);
    const invalid: InvalidRecord[] = [];
    /** No line was read one by one. */
    let isWalked = true;
    this.#records.scan.begin(bytes);
    layouts.begin(bytes, base, first);
    layouts.place(rows);
    while (state.row + invalid.length < rowsMax) {
      if (state.row === rowsRoom) {
        rowsRoom = Math.min(rowsMax, rowsRoom * 2);
        this.#grow(rowsRoom);
        layouts.place(rows);
      }
      state.rowEnd = Math.min(rowsRoom, rowsMax - invalid.length);
      if (state.at <= state.limit) layouts.walk();
      if (state.row === state.rowEnd) continue;
      const newline = bytes.indexOf(NEWLINE, state.at);
      if (newline < 0) break;
      const start = state.at;
      const end = newline > start && bytes[newline - 1] === RETURN ? newline - 1 : newline;
      state.at = newline + 1;
      if (bytes[start] !== OPENING && this.#isPassed(bytes, start, end)) continue;
      rows.length = state.row;
      isWalked = false;
      this.#readLine(bytes, base, { start, end, isText: true }, rows, invalid);
      if (rows.length > state.row && start <= state.limit) layouts.learn(start);
      state.row = rows.length;
    }
    const consumed = state.at;
    const isText = (state.isAscii && isWalked) || isUtf8(bytes.subarray(0, consumed));
    if (consumed === first || !isText) return undefined;
    rows.length = state.row;
    if (rows.length > 0) this.#lineBytes = (consumed / rows.length) * LINE_BYTES_SHARE;
    return { rows, invalid, consumed, cut: false };
  }

  #grow(room: number): void {
    for (const cells of this.#records.cells) cells.grow(room);
    this.#rows.grow(room);
  }

  #begin(room: number): Rows {
    const rows = this.#rows;
    this.#grow(room);
    for (const cells of this.#records.cells) cells.begin(room);
    rows.length = 0;
    return rows;
  }

  #readLines(bytes: Uint8Array, base: number, lines: Lines): { rows: Rows; invalid: InvalidRecord[] } {
    const rows = this.#begin(lines.count);
    const invalid: InvalidRecord[] = [];
    this.#records.scan.begin(bytes);
    const isText = isUtf8(bytes.subarray(0, lines.consumed));
    for (let line = 0; line < lines.count; line++) {
      const start = this.#starts[line] as number;
      const end = this.#ends[line] as number;
      this.#readLine(bytes, base, { start, end, isText }, rows, invalid);
    }
    return { rows, invalid };
  }

  #readLine(bytes: Uint8Array, base: number, line: Line, rows: Rows, invalid: InvalidRecord[]): void {
    const { start, end, isText } = line;
    let reason: string | undefined;
    if (end - start > this.#recordBytesMax) reason = this.#tooLong();
    else if (!isText && !isUtf8(bytes.subarray(start, end))) reason = "The record is no UTF-8";
    else reason = this.#records.read(start, rows.length);
    if (reason === undefined) {
      rows.add(base + start, start, end);
    } else {
      const raw = bytes.slice(start, Math.min(end, start + this.#recordBytesMax));
      invalid.push({ position: base + start, raw, reason });
    }
  }

  /** Whether a line is blank. Of one that is too long that is not asked: it may have to be told by its beginning. */
  #isPassed(bytes: Uint8Array, start: number, end: number): boolean {
    return end - start <= this.#recordBytesMax && isBlank(bytes, start, end);
  }

  /** The same words whether its end was seen or not: which it is hangs on where reads begin. */
  #tooLong(): string {
    return `The record is longer than ${this.#recordBytesMax} bytes`;
  }

  #finish(bytes: Uint8Array, found: Found): DecodedLines {
    const { rows, invalid, consumed, cut } = found;
    const { scan, cells } = this.#records;
    const text = scan.behind(bytes);
    scan.extraUsed = 0;
    const { positions, starts, ends } = rows.finish();
    return {
      length: rows.length,
      columns: cells.map((column) => column.finish(rows.length, text)),
      positions,
      raw: { starts, ends, bytes },
      invalid,
      consumed,
      cut,
    };
  }
}

interface Lines {
  readonly count: number;
  readonly consumed: number;
}

interface Line {
  readonly start: number;
  readonly end: number;
  /** It is known to be UTF-8. */
  readonly isText: boolean;
}

interface Bounds {
  readonly first: number;
  readonly rowsMax: number;
}

interface Found {
  readonly rows: Rows;
  readonly invalid: readonly InvalidRecord[];
  readonly consumed: number;
  readonly cut: boolean;
}
