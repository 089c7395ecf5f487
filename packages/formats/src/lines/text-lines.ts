import { isUtf8 } from "node:buffer";
import type { Column, InvalidRecord } from "@df/core";
import { BATCH_ROWS_MAX } from "@df/core";
import type { DecodedLines, Inside, OpenLineDecoder, Passed } from "../decoder.ts";
import { hasByteOrderMark, NEWLINE, passLine, RETURN } from "../line-ends.ts";

/** Cuts bytes into lines. */
export class TextLines implements OpenLineDecoder {
  readonly #isRead: boolean;
  readonly #recordBytesMax: number;
  readonly #starts: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #ends: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #positions: Float64Array = new Float64Array(BATCH_ROWS_MAX);

  /** `isRead`: whether the column is asked for, or only that there are rows. */
  constructor(isRead: boolean, recordBytesMax: number) {
    this.#isRead = isRead;
    this.#recordBytesMax = recordBytesMax;
  }

  decode(bytes: Uint8Array, base: number, atEnd: boolean, rowsMax: number): DecodedLines {
    const max = this.#recordBytesMax;
    const invalid: InvalidRecord[] = [];
    const refuse = (start: number, end: number, reason: string): void => {
      invalid.push({ position: base + start, raw: bytes.slice(start, Math.min(end, start + max)), reason });
    };
    const isText = isUtf8(atEnd ? bytes : bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1));
    let rows = 0;
    let at = base === 0 && hasByteOrderMark(bytes) ? 3 : 0;
    let cut = false;
    while (rows + invalid.length < rowsMax && at < bytes.length) {
      const newline = bytes.indexOf(NEWLINE, at);
      if (newline < 0 && !atEnd) {
        // One byte more may be the beginning of CRLF.
        cut = bytes.length - at > max + 1;
        if (!cut) break;
      }
      const next = newline < 0 ? bytes.length : newline + 1;
      const last = newline < 0 ? bytes.length : newline;
      const end = last > at && bytes[last - 1] === RETURN ? last - 1 : last;
      if (end - at > max) refuse(at, end, `The line is longer than ${max} bytes`);
      else if (!isText && !isUtf8(bytes.subarray(at, end))) refuse(at, end, "The line is no UTF-8");
      else {
        this.#positions[rows] = base + at;
        this.#starts[rows] = at;
        this.#ends[rows++] = end;
      }
      at = next;
    }
    return {
      length: rows,
      columns: this.#isRead ? [this.#column(bytes)] : [],
      positions: this.#positions,
      raw: { starts: this.#starts, ends: this.#ends, bytes },
      invalid,
      consumed: at,
      cut,
    };
  }

  /** All that follows belongs to the line, but for a carriage return. */
  pass(bytes: Uint8Array, inside: Inside): Passed {
    return passLine(bytes, inside, isBlank);
  }

  #column(bytes: Uint8Array): Column {
    return { layout: "text", bytes, starts: this.#starts, ends: this.#ends };
  }
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  return bytes.subarray(start, end).every((byte) => byte === RETURN);
}
