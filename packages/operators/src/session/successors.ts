import { assert, BATCH_ROWS_MAX, type Batch, type RowId, type StateTable, type Time } from "@df/core";
import type { DueBuckets } from "./due-buckets.ts";
import { IdMarks } from "./id-marks.ts";
import type { SessionRows } from "./rows.ts";
import { ASIDE, type Several } from "./several.ts";

/** Rows of a batch that are left to be taken one by one, and the heads of their groups. */
export interface Left {
  /** Written over with those that are left still. */
  readonly rows: Int32Array;
  readonly heads: Int32Array;
  readonly count: number;
}

/** What `Successors` work on. */
interface SuccessorParts {
  readonly rows: SessionRows;
  readonly several: Several;
  readonly due: DueBuckets;
  /** The columns of a batch that make groups. */
  readonly columns: readonly number[];
  readonly gapMicros: number;
}

/**
 * Begins the next session of groups that have one, many at once: for rows behind its end, the first of each group. A
 * group whose rows come more than a gap apart has such a one with nearly every row, as the clock says only later that
 * the session before it is over. That one is moved aside, and the head has the new one.
 */
export class Successors {
  /** The rows that began a session, and the heads that have it, each once: `[0 .. count)`. */
  readonly rows: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly heads: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  count = 0;
  readonly #parts: SuccessorParts;
  readonly #table: StateTable;
  /** Groups that had a row before. */
  readonly #seen: IdMarks = new IdMarks();
  readonly #offsets: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #aside: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #fresh: Int32Array = new Int32Array(BATCH_ROWS_MAX);

  constructor(parts: SuccessorParts) {
    this.#parts = parts;
    this.#table = parts.rows.table;
  }

  /** `after`: what all rows come after. Returns how many are left still, in their order. */
  begin(batch: Batch, left: Left, after: Time): number {
    const { columns, several, due, gapMicros, rows: sessions } = this.#parts;
    const others = this.#choose(batch.times, left);
    const { count } = this;
    if (count === 0) return others;
    const rows = this.rows.subarray(0, count);
    const heads = this.heads.subarray(0, count);
    const aside = this.#aside.subarray(0, count);
    const made = this.#table.insert({ batch, columns, rows, count }, ASIDE, aside, this.#fresh);
    sessions.open(aside, this.#fresh.subarray(0, made));
    sessions.move(heads, aside);
    const lasts = sessions.lastsOf(aside);
    for (let i = 0; i < count; i++) {
      const head = heads[i] as RowId;
      const id = aside[i] as RowId;
      const time = batch.times[rows[i] as number] as Time;
      assert(time > after, "a row came for a session that its clock said was over");
      assert(several.takeSlot(head) === ASIDE, "a group with one session has none aside");
      several.add(id, { head, slot: ASIDE, at: 0 });
      due.set(id, (lasts[i] as Time) + gapMicros);
      // The head stands on the list of its session before, which is looked at sooner: it is moved on then.
      sessions.begin(head, time);
    }
    return others;
  }

  #choose(times: Float64Array, { rows, heads, count }: Left): number {
    const { several, gapMicros, rows: sessions } = this.#parts;
    this.#table.offsets(heads, count, this.#offsets);
    const { words } = this.#table;
    let others = 0;
    this.count = 0;
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number;
      const head = heads[i] as RowId;
      const end = (words[(this.#offsets[i] as number) + sessions.lastWord] as number) + gapMicros;
      if ((times[row] as number) > end && !this.#seen.has(head) && !several.has(head)) {
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
