const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BLANK = 0x20;
const WORD_BYTES = 4;
const HIGH_BITS = every(0x80);
const ONES = every(0x01);
const CONTROLS_AND_QUOTE = every(0x21);

/** The characters that give a record its shape, as bytes. */
export interface Dialect {
  /** ASCII, and no character of a number. */
  readonly delimiter: number;
  /** From 0x21 to 0x3f. */
  readonly quote: number;
}

/** How a field is written. `DOUBLED`: in quotes, with doubled quotes inside. */
export const PLAIN = 0;
export const QUOTED = 1;
export const DOUBLED = 2;

/**
 * Finds the fields of records, in one pass over their bytes. Quotes mean something only at the beginning of a field:
 * where they stand elsewhere the record has a fault, and ends at the next line break outside of fields that begin with
 * a quote.
 */
export class Fields {
  /** Fields of a record that are kept. */
  readonly width: number;
  bytes: Uint8Array = new Uint8Array(0);
  /** The same, to read four at once. */
  view: DataView = new DataView(this.bytes.buffer);
  /** Field f of record r, without its quotes, is `bytes[starts[i] .. ends[i])`, where i is r × `width` + f. */
  starts: Int32Array = new Int32Array(0);
  ends: Int32Array = new Int32Array(0);
  forms: Uint8Array = new Uint8Array(0);
  /** How many fields the record has that was scanned last. */
  count = 0;
  /** Where it ends, without its line break. */
  end = 0;
  /** What is wrong with its quotes; undefined where nothing is. */
  fault: string | undefined;
  readonly #delimiter: number;
  readonly #quote: number;
  /** Words of four equal bytes: to compare four at once. */
  readonly #delimiters: number;
  readonly #quotes: number;
  /** Turns some bits of each byte round, so that the quote comes right behind all control characters. */
  readonly #turned: number;
  #hasDoubled = false;

  constructor(width: number, { delimiter, quote }: Dialect) {
    this.width = width;
    this.#delimiter = delimiter;
    this.#quote = quote;
    this.#delimiters = every(delimiter);
    this.#quotes = every(quote);
    this.#turned = every(quote ^ BLANK);
  }

  /** Begins with other bytes. */
  begin(bytes: Uint8Array): void {
    // Of one class, also where the bytes are a Buffer: the loops are compiled for that one.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /**
   * Finds the fields of the record that begins at `at`, and keeps them as record `record`, written over whatever that
   * was. Returns the place behind its line break, −1 where that is not there.
   */
  scan(at: number, record: number): number {
    const { bytes, width } = this;
    if ((record + 1) * width > this.starts.length) this.#grow(record + 1);
    const { starts, ends, forms } = this;
    const view = this.view;
    const delimiter = this.#delimiter;
    const delimiters = this.#delimiters;
    const quote = this.#quote;
    const turned = this.#turned;
    const lastWord = bytes.length - WORD_BYTES;
    const first = record * width;
    this.fault = undefined;
    for (let field = 0; ; field++) {
      let start = at;
      let end = -1;
      let form = PLAIN;
      if (bytes[at] === quote) {
        at = this.#behindQuoted(at + 1, field);
        if (at < 0) return -1;
        start++;
        end = at - 1;
        form = this.#hasDoubled ? DOUBLED : QUOTED;
      }
      // Four bytes at once; whatever is special about the rest is done byte by byte.
      while (at <= lastWord) {
        const word = view.getInt32(at, true);
        const found =
          (((word ^ turned) - CONTROLS_AND_QUOTE) | ((word ^ delimiters) - ONES)) & ~word & HIGH_BITS;
        if (found !== 0) {
          // The lowest bit that is set is exact: what is subtracted carries upwards only.
          at += (31 - Math.clz32(found & -found)) >> 3;
          break;
        }
        at += WORD_BYTES;
      }
      if (bytes[at] !== delimiter && bytes[at] !== NEWLINE) at = this.#endOfField(at);
      if (at < 0) return -1;
      if (field < width) {
        starts[first + field] = start;
        ends[first + field] = end < 0 ? at : end;
        forms[first + field] = form;
      }
      if (bytes[at] === delimiter) {
        at++;
        continue;
      }
      this.count = field + 1;
      this.end = at;
      return bytes[at] === RETURN ? at + 2 : at + 1;
    }
  }

  /** Keeps the fields of record `from` as record `to`, too. */
  move(from: number, to: number): void {
    const { starts, ends, forms, width } = this;
    for (const kept of [starts, ends, forms]) kept.copyWithin(to * width, from * width, (from + 1) * width);
  }

  /** Room for so many records or more. Records are not longer than their bytes, so this is bounded by those. */
  #grow(records: number): void {
    const { starts, ends, forms, width } = this;
    const length = Math.max(records * width, starts.length * 2);
    this.starts = new Int32Array(length);
    this.ends = new Int32Array(length);
    this.forms = new Uint8Array(length);
    this.starts.set(starts);
    this.ends.set(ends);
    this.forms.set(forms);
  }

  /** The place behind the quote that closes the text at `at`; −1 where it is not there. */
  #behindQuoted(at: number, field: number): number {
    const { bytes } = this;
    const quote = this.#quote;
    this.#hasDoubled = false;
    for (;;) {
      at = this.#seekQuote(at);
      // A quote at the very end may be the first of two.
      if (at + 1 >= bytes.length) return -1;
      const next = bytes[++at];
      if (next === quote) {
        this.#hasDoubled = true;
        at++;
        continue;
      }
      if (next !== this.#delimiter && next !== NEWLINE && next !== RETURN) {
        this.fault ??= `Field ${field + 1} goes on behind its closing quote`;
      }
      return at;
    }
  }

  /** The first quote from `at` on; the end of the bytes where there is none. */
  #seekQuote(at: number): number {
    const { bytes } = this;
    const view = this.view;
    const quotes = this.#quotes;
    const lastWord = bytes.length - WORD_BYTES;
    while (at <= lastWord) {
      const word = view.getInt32(at, true);
      const found = ((word ^ quotes) - ONES) & ~word & HIGH_BITS;
      if (found !== 0) return at + ((31 - Math.clz32(found & -found)) >> 3);
      at += WORD_BYTES;
    }
    while (at < bytes.length && bytes[at] !== this.#quote) at++;
    return at;
  }

  /** The delimiter or line break that ends the field which goes on at `at`; −1 where it is not there. */
  #endOfField(at: number): number {
    const { bytes } = this;
    const { length } = bytes;
    for (; at < length; at++) {
      const byte = bytes[at];
      if (byte === this.#delimiter || byte === NEWLINE) return at;
      if (byte === RETURN) {
        if (at + 1 === length) return -1;
        if (bytes[at + 1] === NEWLINE) return at;
        this.fault ??= "A carriage return stands outside of quotes, and not before a line feed";
      } else if (byte === this.#quote) {
        this.fault ??= "A quote stands in a field that does not begin with one";
      }
    }
    return -1;
  }
}

/** A word of four equal bytes. */
function every(byte: number): number {
  return Math.imul(byte, 0x01010101);
}
