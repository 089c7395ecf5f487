import type { Column, TextColumn } from "./column.ts";
import { KNOWN_BYTES_MAX, KnownTexts } from "./known-texts.ts";

/** Lookups after which a column is judged, and those it then goes without where most of them had failed. */
const JUDGED = 1024;
const PAUSE = 65_536;
/** Texts after which there is something to look them up in: many a reader is made for one row. */
const UNKNOWN = 16;

const NOTHING = new Uint8Array(0);

/**
 * Reads the text of one column. Making a string costs more than all else a small lambda does, and most columns that
 * are compared or branched on hold few short words: those are made once.
 */
export class TextReader {
  #bytes: Uint8Array = NOTHING;
  #buffer: Buffer = Buffer.from(NOTHING.buffer);
  #view: DataView = new DataView(NOTHING.buffer);
  #known: KnownTexts | undefined;
  #lookups = 0;
  #misses = 0;
  #pause = UNKNOWN;

  /** The text of a row that is not null. */
  read(column: Column, row: number): string {
    const { bytes, starts, ends } = column as TextColumn;
    this.look(bytes);
    return this.at(starts[row] as number, ends[row] as number);
  }

  /**
   * Says where the texts lie that `at` is asked for. One view and one `Buffer` for the bytes of many rows: making them
   * for each takes as long as decoding it.
   */
  look(bytes: Uint8Array): void {
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The text `start .. end` of the bytes that were looked at last. */
  at(start: number, end: number): string {
    if (end - start > KNOWN_BYTES_MAX) return this.#decode(start, end);
    if (this.#pause > 0) {
      this.#pause--;
      return this.#decode(start, end);
    }
    if (++this.#lookups === JUDGED) this.#judge();
    return this.#known?.find(this.#view, start, end) ?? this.#learn(start, end);
  }

  #learn(start: number, end: number): string {
    this.#misses++;
    this.#known ??= new KnownTexts();
    return this.#known.keep(this.#view, start, end, this.#decode(start, end));
  }

  #judge(): void {
    if (this.#misses > JUDGED / 2) this.#pause = PAUSE;
    this.#lookups = 0;
    this.#misses = 0;
  }

  #decode(start: number, end: number): string {
    return this.#buffer.toString("utf8", start, end);
  }
}
