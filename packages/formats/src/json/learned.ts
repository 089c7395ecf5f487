import { layoutKey } from "./layout.ts";
import { Lessons } from "./lessons.ts";
import type { LineWalks, Places } from "./line-walks.ts";
import type { RecordReader } from "./record.ts";
import { WalkState } from "./walk.ts";
import type { Walk } from "./walk.ts";
import type { Walks } from "./walks.ts";
import { Worth } from "./worth.ts";

const LAYOUTS_MAX = 8;
/** Tries that pay for each row they read: one that fails late takes a sixth of an interpreted record. */
const TRIES_A_ROW_MAX = 6;
/** Rows a walk reads at a time. Of a loop that goes on for longer V8 compiles a second version, to enter it midway. */
const WALK_ROWS_MAX = 32;

/** The layouts in which the records of a split have come, and code for each that is frequent. */
export class LearnedLayouts implements LineWalks {
  readonly state: WalkState;
  readonly #records: RecordReader;
  readonly #shared: Walks;
  readonly #walks: Walk[] = [];
  /** That of the last line. */
  #current = 0;
  readonly #known: Set<string> = new Set();
  readonly #lessons: Lessons = new Lessons();
  readonly #worth: Worth = new Worth();
  #forbidden = false;

  constructor(records: RecordReader, shared: Walks) {
    this.state = new WalkState(records.scan, records.cells);
    this.#records = records;
    this.#shared = shared;
  }

  begin(bytes: Uint8Array, base: number, at: number): void {
    this.#lessons.more();
    this.state.begin(bytes, base, at);
  }

  place(places: Places): void {
    this.state.place(places);
  }

  walk(): void {
    const { state } = this;
    const walks = this.#walks;
    if (this.#worth.isPaused()) return;
    const { row } = state;
    let tries = 0;
    // Those that did not know the line at which the state stands.
    let failed = 0;
    let next = this.#current;
    const { rowEnd } = state;
    while (failed < walks.length && state.row < rowEnd && state.at <= state.limit) {
      const { at } = state;
      state.rowEnd = Math.min(rowEnd, state.row + WALK_ROWS_MAX);
      (walks[next] as Walk)(state);
      tries++;
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
    if (this.#worth.tried(state.row - row, TRIES_A_ROW_MAX, tries)) this.#forget();
  }

  /** Forgets layouts that have gone out of use, or of which there are too many. */
  #forget(): void {
    this.#walks.length = 0;
    this.#current = 0;
    this.#known.clear();
  }

  learn(start: number): void {
    if (this.#forbidden || this.#worth.isPausing || this.#walks.length === LAYOUTS_MAX) return;
    const layout = this.#lessons.take(this.#records, start, (key) => {
      if (this.#known.has(key)) return "known";
      return this.#shared.has(key) ? "made" : "new";
    });
    if (layout === undefined) return;
    this.#known.add(layoutKey(layout));
    const walk = this.#shared.get(layout);
    if (walk === undefined) this.#forbidden = true;
    else this.#current = this.#walks.push(walk) - 1;
  }
}
