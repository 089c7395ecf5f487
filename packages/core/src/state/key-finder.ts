import {
  compareKeys,
  compareTexts,
  fetchSlots,
  fetchTexts,
  findHashes,
  findWords,
  OTHER_KEY,
  type Range,
} from "./probe.ts";
import { NEAR_BITS } from "./key-index.ts";
import type { Pane } from "./row-pages.ts";
import type { StagedKeys, StagedText } from "./staged-keys.ts";
import type { TableMemory } from "./span-image.ts";
import { isOneWord, type TableLayout } from "./table-layout.ts";

/** From this size on a memory is not near by itself. */
const FETCHED_BYTES_MIN = 256 * 1024;

/** A table, and where its rows are. See table.ts. */
interface Rows extends TableMemory {
  readonly spans: object | undefined;
  placeOf(id: number): number;
  placesOf(ids: Int32Array): Int32Array;
}

/** Finds staged keys among the rows of a pane: many at once in loops over all of them, or one. */
export class KeyFinder {
  readonly #staged: StagedKeys;
  readonly #layout: TableLayout;
  readonly #table: Rows;
  /** What loads that only fetch have summed up: of no use but that they are not left out. */
  fetched = 0;

  constructor(staged: StagedKeys, table: Rows) {
    this.#staged = staged;
    this.#layout = table.layout;
    this.#table = table;
  }

  /**
   * Writes the ids of a range of the staged keys, −1 where absent; returns how many are absent, and leaves their
   * positions in `staged.absent`.
   */
  find(pane: Pane, range: Range, out: Int32Array): number {
    const { hashes, absent } = this.#staged;
    const { index } = pane;
    const isNear = index.bits < NEAR_BITS;
    const isSpilled = this.#table.spans !== undefined;
    // A table without rows has no memory to compare with.
    if (isNear && !isSpilled && pane.size > 0 && isOneWord(this.#layout))
      return this.#findWords(pane, range, out);
    if (!isNear) this.fetched ^= fetchSlots(index, hashes, range);
    findHashes(index, hashes, range, out);
    const others = isSpilled ? this.#compareSpilled(range, out) : this.#compare(range, out);
    if (others === 0) return 0;
    let missing = 0;
    for (let i = range.from; i < range.to; i++) {
      if (out[i] === OTHER_KEY) out[i] = this.seek(pane, i);
      if ((out[i] as number) < 0) absent[missing++] = i;
    }
    return missing;
  }

  /** As `find`, where keys are one word. */
  #findWords(pane: Pane, range: Range, out: Int32Array): number {
    const { ints: keys, hashes, absent } = this.#staged;
    const { ints: rows } = this.#table.rows;
    const view = { rows, rowInts: this.#layout.rowWords * 2, keys, hashes };
    const unsure = findWords(pane.index, view, range, { out, unsure: absent });
    let missing = 0;
    for (let u = 0; u < unsure; u++) {
      const i = absent[u] as number;
      const id = this.seek(pane, i);
      out[i] = id;
      if (id < 0) absent[missing++] = i;
    }
    return missing;
  }

  /** The id of staged key i, −1 where it is absent. */
  seek(pane: Pane, i: number): number {
    return (pane.index.ints[this.slotOf(pane, i)] as number) - 1;
  }

  /** The slot in which staged key i is, or else the free one that ends the search for it. */
  slotOf(pane: Pane, i: number): number {
    const { directory, bits, slots, ints } = pane.index;
    const hash = this.#staged.hashes[i] as number;
    const base = directory[((hash >>> 1) >>> (31 - bits)) * 2] as number;
    const mask = slots * 2 - 1;
    let at = (hash << 1) & mask;
    for (; ints[base + at] !== 0; at = (at + 2) & mask) {
      if (ints[base + at + 1] === hash && this.#isKey(i, (ints[base + at] as number) - 1)) break;
    }
    return base + at;
  }

  /** As `#compare`, where rows do not lie where their ids say. */
  #compareSpilled({ from, to }: Range, out: Int32Array): number {
    const ids = out.slice(from, to);
    out.set(this.#table.placesOf(ids), from);
    const missing = this.#compare({ from, to }, out);
    for (let i = from; i < to; i++) if ((out[i] as number) >= 0) out[i] = ids[i - from] as number;
    return missing;
  }

  /**
   * Writes OTHER_KEY where the row that was found, by its place, has another key; returns how many keys have no row
   * now.
   */
  #compare(range: Range, out: Int32Array): number {
    const { rowWords, keyWords, plainInts, keyTexts } = this.#layout;
    const rows = this.#table.rows.ints;
    const rowInts = rowWords * 2;
    let missing = compareKeys(
      { rows, rowInts, keys: this.#staged.ints, keyInts: keyWords * 2, plainInts },
      range,
      out,
    );
    const texts = this.#table.heap.memory;
    for (const [t, word] of keyTexts.entries()) {
      const view = { rows, rowInts, word: word * 2, texts: texts.ints };
      if (texts.bytes.length >= FETCHED_BYTES_MIN) this.fetched ^= fetchTexts(view, range, out);
      missing += compareTexts(view, this.#staged.texts[t] as StagedText, range, out);
    }
    return missing;
  }

  /** Whether the row of an id has staged key i. */
  #isKey(i: number, id: number): boolean {
    const { rowWords, keyWords, plainInts, keyTexts } = this.#layout;
    const row = this.#table.placeOf(id) * rowWords * 2;
    const rows = this.#table.rows.ints;
    const key = i * keyWords * 2;
    for (let k = 0; k < plainInts; k++) if (rows[row + k] !== this.#staged.ints[key + k]) return false;
    for (let t = 0; t < keyTexts.length; t++) {
      const { bytes, starts, ends } = this.#staged.texts[t] as StagedText;
      const stored = this.#table.heap.get(rows[row + (keyTexts[t] as number) * 2] as number);
      if (Buffer.compare(stored, bytes.subarray(starts[i], ends[i])) !== 0) return false;
    }
    return true;
  }
}
