import type { TextHeap } from "./heap.ts";
import type { FlatMemory } from "./memory.ts";
import { textOf, type StagedKeys, type StagedText } from "./staged-keys.ts";
import type { TableLayout } from "./table-layout.ts";

/** A table, and where its rows are. See table.ts. */
interface Rows {
  readonly layout: TableLayout;
  readonly rows: FlatMemory;
  readonly heap: TextHeap;
  /** Rows that are placed at once. */
  readonly blockKeys: number;
  placesOf(ids: Int32Array): Int32Array;
}

/** Stages the keys of rows that are in the table, to find or make rows that have them in another pane. */
export class KeyCopies {
  readonly #staged: StagedKeys;
  readonly #table: Rows;
  /** The bytes of all texts, one behind the other: the heap moves while rows are made. */
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(staged: StagedKeys, table: Rows) {
    this.#staged = staged;
    this.#table = table;
  }

  /** Stages the keys of the rows `ids[0..count)`, as `StagedKeys.stage` does those of a batch. */
  stage(ids: Int32Array, count: number): void {
    const { layout, blockKeys } = this.#table;
    const { keyWords, rowWords } = layout;
    const staged = this.#staged;
    staged.reserve(count);
    let bytes = 0;
    for (let from = 0; from < count; from += blockKeys) {
      const places = this.#table.placesOf(ids.subarray(from, Math.min(from + blockKeys, count)));
      // As ints: not all words are numbers that a double leaves as they are.
      const rows = this.#table.rows.ints;
      for (let i = 0; i < places.length; i++) {
        const row = (places[i] as number) * rowWords * 2;
        const key = (from + i) * keyWords * 2;
        for (let k = 0; k < keyWords * 2; k++) staged.ints[key + k] = rows[row + k] as number;
      }
      for (const [t, word] of layout.keyTexts.entries())
        bytes = this.#stageTexts(staged.texts[t] as StagedText, { places, word, from, bytes });
    }
    for (const text of staged.texts) Object.assign(text, textOf(this.#bytes));
    staged.rehash();
  }

  /** Copies the texts of some rows behind the `bytes` that are there; how many there are then. */
  #stageTexts(
    text: StagedText,
    { places, word, from, bytes }: { places: Int32Array; word: number; from: number; bytes: number },
  ): number {
    const { heap, rows, layout } = this.#table;
    let used = bytes;
    for (let i = 0; i < places.length; i++) {
      const at = ((places[i] as number) * layout.rowWords + word) * 2;
      const stored = heap.get(rows.ints[at] as number);
      if (used + stored.length > this.#bytes.length) this.#grow(used + stored.length);
      this.#bytes.set(stored, used);
      text.starts[from + i] = used;
      used += stored.length;
      text.ends[from + i] = used;
    }
    return used;
  }

  #grow(sizeBytes: number): void {
    const bytes = new Uint8Array(sizeBytes * 2);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }
}
