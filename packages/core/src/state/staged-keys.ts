import { assert } from "../assert.ts";
import type { Column } from "../batch/column.ts";
import { hashWords, textHash, wordsHash } from "./key-hash.ts";
import type { Keys } from "./state-store.ts";
import { isOneWord, type KeyColumn, type TableLayout } from "./table-layout.ts";

const TWO_32 = 4294967296;

/** The text of one key column: row i is `bytes[starts[i] .. ends[i])`. */
export interface StagedText {
  bytes: Uint8Array;
  /** The same bytes, to be read four at a time. */
  view: DataView;
  starts: Int32Array;
  ends: Int32Array;
}

/**
 * Keys on their way into a table, as the words of a row, with 0 where a text reference will stand. Filled column by
 * column in tight loops and used again for every call.
 */
export class StagedKeys {
  count = 0;
  /** `keyWords * 2` ints a key. */
  ints: Int32Array = new Int32Array(0);
  doubles: Float64Array = new Float64Array(0);
  hashes: Int32Array = new Int32Array(0);
  /** Positions of the keys that were not found, their rows in the batch, and their key groups. */
  absent: Int32Array = new Int32Array(0);
  absentRows: Int32Array = new Int32Array(0);
  groups: Uint8Array = new Uint8Array(0);
  /** One per text column of the layout. */
  readonly texts: readonly StagedText[];
  readonly #layout: TableLayout;
  readonly #seed: number;

  constructor(layout: TableLayout, seed: number) {
    this.#layout = layout;
    this.#seed = seed;
    const empty = new Int32Array(0);
    this.texts = layout.keyTexts.map(() => ({ ...textOf(new Uint8Array(0)), starts: empty, ends: empty }));
  }

  /** Stages the keys of rows of a batch. */
  stage(keys: Keys): void {
    const { columns, table } = this.#layout;
    assert(
      keys.columns.length === columns.length,
      `state table "${table}" is given ${keys.columns.length} key columns`,
    );
    this.reserve(keys.count);
    if (columns.some((column) => column.nullBit >= 0)) this.#clearMasks();
    for (let i = 0; i < columns.length; i++) {
      const key = columns[i] as KeyColumn;
      const column = keys.batch.columns[keys.columns[i] as number];
      assert(
        column?.layout === key.layout,
        `key column "${key.name}" of state table "${table}" is not ${key.layout}`,
      );
      this.#stageValues(key, column, keys);
      if (column.validity !== undefined) this.#stageNulls(key, column.validity, keys.rows);
    }
    this.rehash();
  }

  /** Makes room for keys whose words and texts the caller fills in, before `rehash`. */
  reserve(count: number): void {
    this.count = count;
    if (count <= this.hashes.length) return;
    const capacity = Math.max(count, this.hashes.length * 2, 64);
    this.doubles = new Float64Array(capacity * this.#layout.keyWords);
    this.ints = new Int32Array(this.doubles.buffer);
    this.hashes = new Int32Array(capacity);
    this.absent = new Int32Array(capacity);
    this.absentRows = new Int32Array(capacity);
    this.groups = new Uint8Array(capacity);
    for (const text of this.texts) {
      text.starts = new Int32Array(capacity);
      text.ends = new Int32Array(capacity);
    }
  }

  /** Hashes the text, then the keys. */
  rehash(): void {
    const { keyWords, keyTexts, plainInts } = this.#layout;
    const { ints, hashes, count } = this;
    const stride = keyWords * 2;
    if (isOneWord(this.#layout)) return hashWords(ints, count, this.#seed, hashes);
    for (let t = 0; t < keyTexts.length; t++) {
      const { view, starts, ends } = this.texts[t] as StagedText;
      for (let i = 0, at = (keyTexts[t] as number) * 2; i < count; i++, at += stride) {
        ints[at] = 0;
        ints[at + 1] = textHash(view, starts[i] as number, ends[i] as number, this.#seed);
      }
    }
    for (let i = 0, at = 0; i < count; i++, at += stride) {
      hashes[i] = wordsHash(ints, at, { plainInts, stride, seed: this.#seed });
    }
  }

  #clearMasks(): void {
    const stride = this.#layout.keyWords;
    for (let i = 0, at = 0; i < this.count; i++, at += stride) this.doubles[at] = 0;
  }

  #stageValues(key: KeyColumn, column: Column, keys: Keys): void {
    const stride = this.#layout.keyWords * 2;
    const at = key.word * 2;
    switch (column.layout) {
      case "bool":
      case "int":
        return stageInts(column.values, keys, this.ints, { at, stride });
      case "double":
        return stageDoubles(column.values, keys, this.doubles, { at: key.word, stride: stride / 2 });
      case "long":
        if (column.values instanceof Float64Array)
          return stageSafe(column.values, keys, this.ints, { at, stride });
        return stageWide(column.values, keys, this.ints, { at, stride });
      case "text": {
        const text = this.texts[this.#layout.keyTexts.indexOf(key.word)] as StagedText;
        if (text.bytes !== column.bytes) Object.assign(text, textOf(column.bytes));
        for (let i = 0; i < keys.count; i++) {
          const row = keys.rows[i] as number;
          text.starts[i] = column.starts[row] as number;
          text.ends[i] = column.ends[row] as number;
        }
      }
    }
  }

  #stageNulls(key: KeyColumn, validity: Uint8Array, rows: Int32Array): void {
    const { keyWords, keyTexts, table } = this.#layout;
    const text = this.texts[keyTexts.indexOf(key.word)];
    for (let i = 0; i < this.count; i++) {
      if (validity[rows[i] as number] !== 0) continue;
      assert(key.nullBit >= 0, `key column "${key.name}" of state table "${table}" cannot be null, and is`);
      const mask = i * keyWords * 2 + (key.nullBit >>> 5);
      this.ints[mask] = (this.ints[mask] as number) | (1 << key.nullBit);
      this.doubles[i * keyWords + key.word] = 0;
      if (text !== undefined) text.ends[i] = text.starts[i] as number;
    }
  }
}

/** Bytes and a view of them. */
export function textOf(bytes: Uint8Array): Pick<StagedText, "bytes" | "view"> {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

interface Place {
  /** Of the first key. */
  readonly at: number;
  readonly stride: number;
}

function stageInts(values: Uint8Array | Int32Array, keys: Keys, ints: Int32Array, place: Place): void {
  const { rows, count } = keys;
  const { stride } = place;
  for (let i = 0, at = place.at; i < count; i++, at += stride) {
    ints[at] = values[rows[i] as number] as number;
    ints[at + 1] = 0;
  }
}

function stageDoubles(values: Float64Array, keys: Keys, doubles: Float64Array, place: Place): void {
  const { rows, count } = keys;
  const { stride } = place;
  for (let i = 0, at = place.at; i < count; i++, at += stride) {
    const value = values[rows[i] as number] as number;
    // Adding 0 makes −0 to 0; the constant makes all NaNs one.
    doubles[at] = Number.isNaN(value) ? Number.NaN : value + 0;
  }
}

function stageSafe(values: Float64Array, keys: Keys, ints: Int32Array, place: Place): void {
  const { rows, count } = keys;
  const { stride } = place;
  for (let i = 0, at = place.at; i < count; i++, at += stride) {
    const value = values[rows[i] as number] as number;
    ints[at] = value | 0;
    ints[at + 1] = Math.floor(value / TWO_32);
  }
}

function stageWide(values: BigInt64Array, keys: Keys, ints: Int32Array, place: Place): void {
  const { rows, count } = keys;
  const { stride } = place;
  const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  for (let i = 0, at = place.at; i < count; i++, at += stride) {
    const row = rows[i] as number;
    ints[at] = halves[row * 2] as number;
    ints[at + 1] = halves[row * 2 + 1] as number;
  }
}
