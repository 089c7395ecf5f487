import type { Cells } from "../json/cells.ts";
import { Refused } from "../json/refused.ts";
import { Scanner } from "../json/scanner.ts";
import { NEWLINE, RETURN } from "../line-ends.ts";
import { DOUBLED, PLAIN, QUOTED } from "./fields.ts";
import type { Dialect } from "./fields.ts";
import { readField, unquote } from "./read-field.ts";

/** Bytes of a value that a reason shows at most. */
const EXCERPT_BYTES_MAX = 40;

/** Reads single fields, however they are written. */
export class AnyField {
  readonly scan: Scanner = new Scanner();
  readonly #dialect: Dialect;
  readonly #nulls: Uint8Array;

  /** `nulls` is what stands, unquoted, for null. */
  constructor(dialect: Dialect, nulls: Uint8Array) {
    this.#dialect = dialect;
    this.#nulls = nulls;
  }

  /** Makes `bytes[start .. end)`, without its quotes, the field that is read next. */
  set(bytes: Uint8Array, start: number, end: number): void {
    this.scan.text = bytes;
    this.scan.textStart = start;
    this.scan.textEnd = end;
  }

  /** Reads the field, written in a form of `Fields`, into a row. @throws Refused where it is none of the column */
  read(cells: Cells, row: number, form: number): void {
    const scan = this.scan;
    if (form === PLAIN) {
      if (this.#isNull(scan)) {
        if (cells.validity === undefined) throw new Refused("without quotes means null: not nullable");
        return cells.setNull(row);
      }
    } else {
      const isJson = cells.field.type.kind === "json";
      if (form === DOUBLED || isJson) unquote(scan, this.#dialect.quote, isJson);
    }
    readField(cells, scan, row);
  }

  /** Finds the field at `at` and reads it into a row; the place of what ends it, −1 where the record is to be refused. */
  readAt(cells: Cells, row: number, at: number): number {
    const { bytes } = this.scan;
    const { quote } = this.#dialect;
    const isPlain = bytes[at] !== quote;
    let form = isPlain ? PLAIN : QUOTED;
    let end = isPlain ? this.#seekEnd(at) : this.#seekQuote(at + 1);
    while (!isPlain && bytes[end + 1] === quote) {
      form = DOUBLED;
      end = this.#seekQuote(end + 2);
    }
    const behind = isPlain ? end : end + 1;
    if (!this.#isEnd(behind)) return -1;
    this.set(bytes, isPlain ? at : at + 1, end);
    try {
      this.read(cells, row, form);
      return behind;
    } catch (thrown) {
      if (thrown instanceof Refused) return -1;
      throw thrown;
    }
  }

  /** Why the field was refused. */
  reason({ field }: Cells, { reason, at }: Refused): string {
    const { text, textStart, textEnd } = this.scan;
    const cut = Math.min(textEnd, textStart + EXCERPT_BYTES_MAX);
    const shown = new TextDecoder().decode(text.subarray(textStart, cut));
    const value = cut < textEnd ? `${JSON.stringify(shown.replace(/\uFFFD+$/, ""))}…` : JSON.stringify(shown);
    return `Column "${field.name}": ${value}${at < 0 ? "" : ":"} ${reason}`;
  }

  #isNull({ text, textStart, textEnd }: Scanner): boolean {
    const nulls = this.#nulls;
    if (textEnd - textStart !== nulls.length) return false;
    for (let i = 0; i < nulls.length; i++) if (text[textStart + i] !== nulls[i]) return false;
    return true;
  }

  /** The first byte from `at` on that has no place in a field without quotes, or the end of all. */
  #seekEnd(at: number): number {
    const { bytes } = this.scan;
    const { delimiter, quote } = this.#dialect;
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte === delimiter || byte === quote || byte === NEWLINE || byte === RETURN) break;
    }
    return at;
  }

  #seekQuote(at: number): number {
    const { bytes } = this.scan;
    while (at < bytes.length && bytes[at] !== this.#dialect.quote) at++;
    return at;
  }

  /** Whether a field may end at `at`. */
  #isEnd(at: number): boolean {
    const { bytes } = this.scan;
    const byte = bytes[at];
    if (byte === this.#dialect.delimiter || byte === NEWLINE) return true;
    return byte === RETURN && bytes[at + 1] === NEWLINE;
  }
}
