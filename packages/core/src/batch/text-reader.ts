import type { Column, TextColumn } from "./column.ts";

/** Texts up to this many bytes are looked up: most columns that are compared or branched on hold few short words. */
const KNOWN_BYTES_MAX = 24;
const KNOWN_SLOTS = 256;
/** Lookups after which a column is judged, and those it then goes without where most of them had failed. */
const JUDGED = 1024;
const PAUSE = 65_536;
/** Texts after which there is something to look them up in: many a reader is made for one row. */
const UNKNOWN = 16;

/**
 * Reads the text of one column. Making a string costs more than all else a small lambda does, so short texts that come
 * again and again are made once.
 */
export class TextReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #view: Buffer = Buffer.from(this.#bytes.buffer);
  #known: (string | undefined)[] = [];
  /** Bytes of the text in each slot, and how many there are. */
  #knownBytes: Uint8Array = new Uint8Array(0);
  #knownLengths: Int32Array = new Int32Array(0);
  #lookups = 0;
  #misses = 0;
  #pause = UNKNOWN;

  /** The text of a row that is not null. */
  read(column: Column, row: number): string {
    const { bytes, starts, ends } = column as TextColumn;
    const start = starts[row] as number;
    const end = ends[row] as number;
    if (end - start > KNOWN_BYTES_MAX) return this.#decode(bytes, start, end);
    if (this.#pause > 0) {
      if (--this.#pause === 0 && this.#knownLengths.length === 0) this.#remember();
      return this.#decode(bytes, start, end);
    }
    return this.#find(bytes, start, end);
  }

  #find(bytes: Uint8Array, start: number, end: number): string {
    const length = end - start;
    const slot = slotOf(bytes, start, length);
    const at = slot * KNOWN_BYTES_MAX;
    if (++this.#lookups === JUDGED) this.#judge();
    if (this.#knownLengths[slot] === length && isEqual(this.#knownBytes, at, bytes, start, length)) {
      return this.#known[slot] as string;
    }
    this.#misses++;
    const text = this.#decode(bytes, start, end);
    this.#known[slot] = text;
    this.#knownLengths[slot] = length;
    for (let i = 0; i < length; i++) this.#knownBytes[at + i] = bytes[start + i] as number;
    return text;
  }

  #remember(): void {
    this.#known = Array.from({ length: KNOWN_SLOTS });
    this.#knownBytes = new Uint8Array(KNOWN_SLOTS * KNOWN_BYTES_MAX);
    this.#knownLengths = new Int32Array(KNOWN_SLOTS).fill(-1);
  }

  #judge(): void {
    if (this.#misses > JUDGED / 2) this.#pause = PAUSE;
    this.#lookups = 0;
    this.#misses = 0;
  }

  /** Through one `Buffer` for the bytes of many rows: making a view for each takes as long as decoding it. */
  #decode(bytes: Uint8Array, start: number, end: number): string {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#view.toString("utf8", start, end);
  }
}

/** By length and the first, middle and last byte: enough to keep a few words apart. */
function slotOf(bytes: Uint8Array, start: number, length: number): number {
  if (length === 0) return 0;
  const first = bytes[start] as number;
  const middle = bytes[start + (length >> 1)] as number;
  const last = bytes[start + length - 1] as number;
  return (Math.imul(first * 31 + middle, 31) + last * 7 + length) & (KNOWN_SLOTS - 1);
}

function isEqual(known: Uint8Array, at: number, bytes: Uint8Array, start: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (known[at + i] !== bytes[start + i]) return false;
  return true;
}
