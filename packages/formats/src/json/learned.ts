import type { Schema } from "@df/core";
import { layoutKey, learnLayout } from "./layout.ts";
import type { RecordReader } from "./record.ts";
import { prime } from "./prime.ts";
import { WalkState, compileWalk } from "./walk.ts";
import type { Walk } from "./walk.ts";

const LAYOUTS_MAX = 8;
/** Records of a layout that are seen before code is made for it. */
const SEEN_MIN = 4;
/** Layouts that are counted at a time. */
const CANDIDATES_MAX = 64;

/** The layouts in which the records of a source have come, and code for each that is frequent. */
export class LearnedLayouts {
  readonly state: WalkState;
  readonly #records: RecordReader;
  readonly #schema: Schema;
  readonly #wanted: Schema;
  readonly #recordBytesMax: number;
  readonly #walks: Walk[] = [];
  /** That of the last line. */
  #current = 0;
  readonly #known: Set<string> = new Set();
  readonly #seen: Map<string, number> = new Map();
  #forbidden = false;

  constructor(records: RecordReader, schema: Schema, wanted: Schema, recordBytesMax: number) {
    this.state = new WalkState(records.scan, records.cells);
    this.#records = records;
    this.#schema = schema;
    this.#wanted = wanted;
    this.#recordBytesMax = recordBytesMax;
  }

  /** Reads lines as long as their layout is known. */
  walk(): void {
    const { state } = this;
    const walks = this.#walks;
    // Those that did not know the line at which the state stands.
    let failed = 0;
    for (let next = this.#current; failed < walks.length; next = (next + 1) % walks.length) {
      const { at } = state;
      (walks[next] as Walk)(state);
      if (state.at > at) {
        this.#current = next;
        failed = 0;
      }
      if (state.row === state.rowEnd || state.at > state.limit) return;
      failed++;
    }
  }

  /** Learns the layout of a record that was accepted and that no walk knew. */
  learn(start: number): void {
    if (this.#forbidden || this.#walks.length === LAYOUTS_MAX) return;
    const layout = learnLayout(this.#records.scan, this.#records.names, start);
    if (layout === undefined) return;
    const key = layoutKey(layout);
    // A line may be read one by one for other reasons, most often as the last one of its bytes.
    if (this.#known.has(key)) return;
    const seen = (this.#seen.get(key) ?? 0) + 1;
    if (seen < SEEN_MIN) {
      if (this.#seen.size === CANDIDATES_MAX) this.#seen.clear();
      this.#seen.set(key, seen);
      return;
    }
    this.#seen.delete(key);
    this.#known.add(key);
    const plan = {
      layout,
      fields: this.#schema.fields,
      wanted: this.#wanted.fields,
      recordBytesMax: this.#recordBytesMax,
    };
    const walk = compileWalk(plan);
    if (walk === undefined) this.#forbidden = true;
    else {
      prime(walk, plan);
      this.#current = this.#walks.push(walk) - 1;
    }
  }
}
