import { BATCH_ROWS_MAX, present, type RowId, type StateTable, type Time, type ValueColumn } from "@df/core";
import { KeptArrays } from "@df/core/batch/arrays";
import { LAST, START } from "./layout.ts";

/**
 * The sessions as rows of their table. A row without a session has NaN in `LAST` and 0 in all other value words: so it
 * is the row of a session to be, whose first row makes it one.
 */
export class SessionRows {
  readonly table: StateTable;
  readonly startWord: number;
  readonly lastWord: number;
  /** Value words of a row: they begin with `START`. */
  readonly words: number;
  /** Value columns that refer to text. */
  readonly #textWords: readonly number[];
  readonly #scratch: Float64Array;
  readonly #arrays: KeptArrays = new KeptArrays();
  readonly #offsets: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #id: Int32Array = new Int32Array(1);
  readonly #offset: Int32Array = new Int32Array(1);

  /** `value`: the table's value columns. */
  constructor(table: StateTable, value: readonly ValueColumn[]) {
    this.table = table;
    this.startWord = table.offset(START);
    this.lastWord = table.offset(LAST);
    const last = present(value.at(-1), "a value column");
    this.words = table.offset(last.name) + ("words" in last ? last.words : 1) - this.startWord;
    this.#textWords = value.flatMap((column) =>
      "field" in column && isText(column.field.type.kind) ? [table.offset(column.name)] : [],
    );
    this.#scratch = new Float64Array(this.words);
  }

  offsetOf(id: RowId): number {
    this.#id[0] = id;
    this.table.offsets(this.#id, 1, this.#offset);
    return this.#offset[0] as number;
  }

  /** Event times of the first and last row of a session, µs. */
  startOf(id: RowId): Time {
    const offset = this.offsetOf(id);
    return this.table.words[offset + this.startWord] as Time;
  }
  lastOf(id: RowId): Time {
    const offset = this.offsetOf(id);
    return this.table.words[offset + this.lastWord] as Time;
  }

  /** Says that fresh rows have no session yet. */
  open(ids: Int32Array, fresh: Int32Array): void {
    const { table, lastWord } = this;
    for (const i of fresh) {
      const offset = this.offsetOf(ids[i] as RowId);
      table.words[offset + lastWord] = Number.NaN;
    }
  }

  /** Begins a session at a time. */
  begin(id: RowId, time: Time): void {
    const offset = this.offsetOf(id);
    this.table.words[offset + this.startWord] = time;
    this.table.words[offset + this.lastWord] = time;
  }

  /** Moves sessions to rows that have none: `from[i]` has none then, and `to[i]` has its. */
  move(from: Int32Array, to: Int32Array): void {
    const { table, startWord, lastWord } = this;
    const size = this.words * 2;
    const sources = this.#offsetsOf(from).slice();
    const targets = this.#offsetsOf(to);
    // As ints: a word may hold what looks like a NaN.
    const { ints, words } = table;
    for (let i = 0; i < sources.length; i++) {
      const source = ((sources[i] as number) + startWord) * 2;
      const target = ((targets[i] as number) + startWord) * 2;
      for (let k = 0; k < size; k++) {
        ints[target + k] = ints[source + k] as number;
        ints[source + k] = 0;
      }
      words[(sources[i] as number) + lastWord] = Number.NaN;
    }
  }

  /** Makes a session wide enough for a time. */
  grow(id: RowId, time: Time): void {
    const offset = this.offsetOf(id);
    const { words } = this.table;
    words[offset + this.startWord] = Math.min(time, words[offset + this.startWord] as number);
    words[offset + this.lastWord] = Math.max(time, words[offset + this.lastWord] as number);
  }

  /** Ends sessions: their rows have none, and hold no text. */
  end(ids: Int32Array): void {
    const { table, startWord, lastWord } = this;
    table.touch(ids, ids.length);
    for (let from = 0; from < ids.length; from += BATCH_ROWS_MAX) {
      const offsets = this.#offsetsOf(ids.subarray(from, from + BATCH_ROWS_MAX));
      const { words, heap } = table;
      for (const offset of offsets) {
        for (const word of this.#textWords) heap.free(words[offset + word] as number);
        const start = offset + startWord;
        for (let at = start; at < start + this.words; at++) words[at] = 0;
        words[offset + lastWord] = Number.NaN;
      }
    }
  }

  /**
   * `lastOf` each, until the next call, and of others behind them. A loop of reads alone, so that they need not wait for
   * each other.
   */
  lastsOf(ids: Int32Array): Float64Array {
    const { lastWord } = this;
    this.#arrays.begin();
    const lasts = this.#arrays.doubles(ids.length);
    for (let from = 0; from < ids.length; from += BATCH_ROWS_MAX) {
      const offsets = this.#offsetsOf(ids.subarray(from, from + BATCH_ROWS_MAX));
      const { words } = this.table;
      for (let i = 0; i < offsets.length; i++)
        lasts[from + i] = words[(offsets[i] as number) + lastWord] as Time;
    }
    return lasts;
  }

  /** Of a batch at most, until the next call. */
  #offsetsOf(ids: Int32Array): Int32Array {
    this.table.offsets(ids, ids.length, this.#offsets);
    return this.#offsets.subarray(0, ids.length);
  }

  isEmpty(id: RowId): boolean {
    return Number.isNaN(this.lastOf(id));
  }

  /** Exchanges the sessions of two rows. */
  swap(a: RowId, b: RowId): void {
    const [atA, atB] = [this.offsetOf(a) + this.startWord, this.offsetOf(b) + this.startWord];
    const { words } = this.table;
    // As memory: a word may hold what looks like a NaN.
    this.#scratch.set(words.subarray(atA, atA + this.words));
    words.copyWithin(atA, atB, atB + this.words);
    words.set(this.#scratch, atB);
  }
}

function isText(kind: string): boolean {
  return kind === "string" || kind === "bytes" || kind === "json";
}
