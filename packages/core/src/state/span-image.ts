import { assert } from "../assert.ts";
import { corrupt } from "./chunk.ts";
import type { TextHeap } from "./heap.ts";
import type { FlatMemory } from "./memory.ts";
import { RecordBytes } from "./row-records.ts";
import type { TableLayout } from "./table-layout.ts";

/** Where rows and texts of a table are in memory. */
export interface TableMemory {
  readonly layout: TableLayout;
  readonly rows: FlatMemory;
  readonly heap: TextHeap;
}

/** Rows side by side: where the first of them lies, and a bit for each that exists. */
export interface SpanRows {
  /** The number of the span: what is read must be what was written. */
  readonly span: number;
  /** In rows from the start of the memory. */
  readonly place: number;
  readonly lowerBits: number;
  readonly upperBits: number;
}

const HEADER_BYTES = 16;

/**
 * Spans of rows as bytes in a scratch file, and back. Only the process that wrote them reads them, with the seed of its
 * hashes.
 *
 *     int32  number of the span
 *     int32  ~ of that
 *     2 int32  a bit for each of 64 rows that is there
 *     rows that are there, as in memory; where a word refers to text, the length of it plus 1, 0 for none
 *     texts, in the order of rows and words
 */
export class SpanImages {
  readonly #layout: TableLayout;
  readonly #rows: FlatMemory;
  readonly #heap: TextHeap;
  readonly #image: RecordBytes = new RecordBytes();

  constructor({ layout, rows, heap }: TableMemory) {
    this.#layout = layout;
    this.#rows = rows;
    this.#heap = heap;
  }

  /** The rows as bytes, valid until the next call; their texts are freed. */
  take(rows: SpanRows): Uint8Array {
    const image = this.#image;
    image.usedBytes = 0;
    image.add(HEADER_BYTES);
    image.ints[0] = rows.span;
    image.ints[1] = ~rows.span;
    image.ints[2] = rows.lowerBits;
    image.ints[3] = rows.upperBits;
    const { rowWords, keyTexts, valueTexts } = this.#layout;
    const hasTexts = keyTexts.length + valueTexts.length > 0;
    const count = this.#each(rows, (start, nth) => {
      const at = image.add(rowWords * 8) / 4;
      const { ints } = this.#rows;
      for (let k = 0; k < rowWords * 2; k++) image.ints[at + k] = ints[start * 2 + k] as number;
      assert(at === (HEADER_BYTES + nth * rowWords * 8) / 4, "rows of a span lie side by side");
    });
    if (!hasTexts) return image.bytes.subarray(0, image.usedBytes);
    let end = image.usedBytes;
    for (let nth = 0; nth < count; nth++) {
      const row = HEADER_BYTES / 8 + nth * rowWords;
      for (const word of keyTexts) {
        const reference = image.ints[(row + word) * 2] as number;
        image.ints[(row + word) * 2] = reference === 0 ? 0 : this.#heap.lengthOf(reference) + 1;
        end = this.#moveText(reference, end);
      }
      for (const word of valueTexts) {
        const reference = image.words[row + word] as number;
        image.words[row + word] = reference === 0 ? 0 : this.#heap.lengthOf(reference) + 1;
        end = this.#moveText(reference, end);
      }
    }
    return image.bytes.subarray(0, end);
  }

  /** Frees the texts of rows that the file has as they are. */
  drop(rows: SpanRows): void {
    const { keyTexts, valueTexts } = this.#layout;
    if (keyTexts.length + valueTexts.length === 0) return;
    const { ints, words } = this.#rows;
    this.#each(rows, (start) => {
      for (const word of keyTexts) this.#heap.free(ints[(start + word) * 2] as number);
      for (const word of valueTexts) this.#heap.free(words[start + word] as number);
    });
  }

  /** Where the bytes of a span are to be read to, before `give`: a view. */
  room(sizeBytes: number): Uint8Array {
    this.#image.usedBytes = 0;
    this.#image.add(Math.ceil(sizeBytes / 8) * 8);
    return this.#image.bytes.subarray(0, sizeBytes);
  }

  /** Puts the rows of an image that was read into `room` where they lie now. @throws DF_CORRUPT, DF_STATE_FULL */
  give(span: number, place: number, sizeBytes: number): void {
    const { ints, words, bytes } = this.#image;
    if (ints[0] !== span || ints[1] !== ~span)
      throw corrupt(this.#layout.table, "in the scratch file is another one than was written");
    const { rowWords, keyTexts, valueTexts } = this.#layout;
    const rows = { span, place, lowerBits: ints[2] as number, upperBits: ints[3] as number };
    let text = HEADER_BYTES + (ones(rows.lowerBits) + ones(rows.upperBits)) * rowWords * 8;
    this.#each(rows, (start, nth) => {
      const row = HEADER_BYTES / 8 + nth * rowWords;
      const { ints: to } = this.#rows;
      for (let k = 0; k < rowWords * 2; k++) to[start * 2 + k] = ints[row * 2 + k] as number;
      for (const word of keyTexts) {
        const length = (ints[(row + word) * 2] as number) - 1;
        if (length < 0) continue;
        to[(start + word) * 2] = this.#heap.put(bytes, text, text + length);
        text += length;
      }
      for (const word of valueTexts) {
        const length = (words[row + word] as number) - 1;
        if (length < 0) continue;
        this.#rows.words[start + word] = this.#heap.put(bytes, text, text + length);
        text += length;
      }
    });
    assert(text === sizeBytes, "a span is as long as its texts say");
  }

  /** Calls back with the word at which each row begins; returns how many there are. */
  #each({ place, lowerBits, upperBits }: SpanRows, row: (start: number, nth: number) => void): number {
    const { rowWords } = this.#layout;
    let nth = 0;
    for (let bits = lowerBits; bits !== 0; bits &= bits - 1)
      row((place + 31 - Math.clz32(bits & -bits)) * rowWords, nth++);
    for (let bits = upperBits; bits !== 0; bits &= bits - 1)
      row((place + 63 - Math.clz32(bits & -bits)) * rowWords, nth++);
    return nth;
  }

  /** Copies a text behind the rows and frees it; returns where the next one begins. */
  #moveText(reference: number, end: number): number {
    if (reference === 0) return end;
    const length = this.#heap.lengthOf(reference);
    const image = this.#image;
    if (end + length > image.bytes.length) image.add(Math.ceil((end + length - image.usedBytes) / 8) * 8);
    const from = this.#heap.memory.bytes;
    const start = this.#heap.startOf(reference);
    if (length > 64) image.bytes.set(from.subarray(start, start + length), end);
    else for (let i = 0; i < length; i++) image.bytes[end + i] = from[start + i] as number;
    this.#heap.free(reference);
    return end + length;
  }
}

/** How many bits are set: Warren, Hacker's Delight, 5-1. */
export function ones(bits: number): number {
  let sum = bits - ((bits >>> 1) & 0x55555555);
  sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333);
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
