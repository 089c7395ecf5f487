import { layoutKey, learnLayout } from "./layout.ts";
import type { RecordReader } from "./record.ts";
import { WalkState } from "./walk.ts";
import type { Walk } from "./walk.ts";
import type { Walks } from "./walks.ts";

const LAYOUTS_MAX = 8;
/** Records of a layout that are seen before code is made for it. */
const SEEN_MIN = 4;
/** Layouts that are counted at a time. */
const CANDIDATES_MAX = 64;
/** Records whose layout is looked at, at first; one more with every call of `begin`, as looking takes its time. */
const LESSONS = 1024;
/** Once in so many tries it is judged whether they pay: one that fails late takes a sixth of an interpreted record. */
const TRIES_JUDGED = 4096;
const TRIES_A_ROW_MAX = 6;
/** Rows a walk reads at a time. Of a loop that goes on for longer V8 compiles a second version, to enter it midway. */
const WALK_ROWS_MAX = 32;
/** Records for which nothing is tried where it did not pay. */
const PAUSE_RECORDS = 1_000_000;

/** The layouts in which the records of a split have come, and code for each that is frequent. */
export class LearnedLayouts {
  readonly state: WalkState;
  readonly #records: RecordReader;
  readonly #shared: Walks;
  readonly #walks: Walk[] = [];
  /** That of the last line. */
  #current = 0;
  readonly #known: Set<string> = new Set();
  readonly #seen: Map<string, number> = new Map();
  #forbidden = false;
  #lessons = LESSONS;
  #tries = 0;
  #rows = 0;
  #pause = 0;

  constructor(records: RecordReader, shared: Walks) {
    this.state = new WalkState(records.scan, records.cells);
    this.#records = records;
    this.#shared = shared;
  }

  /** Begins with other bytes, at `at`. */
  begin(bytes: Uint8Array, base: number, at: number): void {
    this.#lessons++;
    this.state.begin(bytes, base, at);
  }

  /** Reads lines as long as their layout is known. */
  walk(): void {
    const { state } = this;
    const walks = this.#walks;
    if (this.#pause > 0) {
      this.#pause--;
      return;
    }
    const { row } = state;
    // Those that did not know the line at which the state stands.
    let failed = 0;
    let next = this.#current;
    const { rowEnd } = state;
    while (failed < walks.length && state.row < rowEnd && state.at <= state.limit) {
      const { at } = state;
      state.rowEnd = Math.min(rowEnd, state.row + WALK_ROWS_MAX);
      (walks[next] as Walk)(state);
      this.#tries++;
      if (state.at > at) {
        this.#current = next;
        failed = 0;
      }
      // It may know the next line, too, if it stopped for the room it had.
      if (state.row === state.rowEnd) continue;
      failed++;
      next = (next + 1) % walks.length;
    }
    state.rowEnd = rowEnd;
    this.#rows += state.row - row;
    if (this.#tries >= TRIES_JUDGED) this.#judge();
  }

  /** Forgets layouts that have gone out of use, or of which there are too many. */
  #judge(): void {
    if (this.#tries > this.#rows * TRIES_A_ROW_MAX) {
      this.#walks.length = 0;
      this.#current = 0;
      this.#known.clear();
      this.#pause = PAUSE_RECORDS;
    }
    this.#tries = 0;
    this.#rows = 0;
  }

  /** Learns the layout of a record that was accepted and that no walk knew. */
  learn(start: number): void {
    if (this.#forbidden || this.#pause > 0 || this.#lessons <= 0 || this.#walks.length === LAYOUTS_MAX)
      return;
    this.#lessons--;
    const layout = learnLayout(this.#records.scan, this.#records.names, start);
    if (layout === undefined) return;
    const key = layoutKey(layout);
    // Values that no code reads, as a string where a number is due, do not make a layout unknown.
    if (this.#known.has(key)) return;
    const seen = (this.#seen.get(key) ?? 0) + 1;
    if (seen < SEEN_MIN && !this.#shared.has(key)) {
      if (this.#seen.size === CANDIDATES_MAX) this.#seen.clear();
      this.#seen.set(key, seen);
      return;
    }
    this.#seen.delete(key);
    this.#known.add(key);
    const walk = this.#shared.get(layout);
    if (walk === undefined) this.#forbidden = true;
    else this.#current = this.#walks.push(walk) - 1;
  }
}
