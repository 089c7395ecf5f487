import type { RowId } from "@df/core";
import { IdMarks } from "./id-marks.ts";
import type { Several } from "./several.ts";

/** Rows of a batch that are left for one by one, the heads of their groups, and where these keep their last time. */
export interface Left {
  /** Written over with those that are left still. */
  readonly rows: Int32Array;
  readonly heads: Int32Array;
  readonly count: number;
  /** Of each head, in words of the table. */
  readonly offsets: Int32Array;
  readonly gap: number;
  readonly lastWord: number;
}

/**
 * Finds rows that begin the next session of a group: those behind the end of the only one it has, the first of each
 * group. A group whose rows come more than a gap apart has such a one with nearly every row, as the clock says only
 * later that the session before it is over.
 */
export class Successors {
  /** The rows, and the heads of their groups, each once: `[0 .. count)`. */
  readonly rows: Int32Array;
  readonly heads: Int32Array;
  count = 0;
  readonly #several: Several;
  /** Groups that had a row before. */
  readonly #seen: IdMarks = new IdMarks();

  constructor(several: Several, rowsMax: number) {
    this.#several = several;
    this.rows = new Int32Array(rowsMax);
    this.heads = new Int32Array(rowsMax);
  }

  /** Takes them out of what is left; returns how many rows are left still, in their order. */
  take(words: Float64Array, times: Float64Array, left: Left): number {
    const { rows, heads, count, offsets, gap, lastWord } = left;
    let others = 0;
    this.count = 0;
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number;
      const head = heads[i] as RowId;
      const end = (words[(offsets[i] as number) + lastWord] as number) + gap;
      if ((times[row] as number) > end && !this.#seen.has(head) && !this.#several.has(head)) {
        this.rows[this.count] = row;
        this.heads[this.count++] = head;
      } else {
        rows[others] = row;
        heads[others++] = head;
      }
      this.#seen.add(head);
    }
    for (let i = 0; i < this.count; i++) this.#seen.delete(this.heads[i] as RowId);
    for (let i = 0; i < others; i++) this.#seen.delete(heads[i] as RowId);
    return others;
  }
}
