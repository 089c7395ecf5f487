import { assert, present } from "../assert.ts";
import { BEGINNING } from "../time.ts";
import { BATCH_ROWS_MAX } from "./batch.ts";
import type { Batch } from "./batch.ts";
import { ColumnJoiner } from "./column-joiner.ts";
import { grown } from "./grown.ts";

/**
 * Joins batches of one schema and change mode to one, in arrays that it uses again for the next one. Clocks and origin
 * are left out.
 */
export class BatchJoiner {
  #head: Pick<Batch, "schema" | "change"> | undefined;
  #length = 0;
  #columns: readonly ColumnJoiner[] | undefined;
  #times: Float64Array = new Float64Array(0);
  #diffs: Int32Array = new Int32Array(0);
  #hasDiffs = false;

  /** Rows so far. */
  get length(): number {
    return this.#length;
  }

  /** Copies the rows of a batch behind those so far; all together are at most `BATCH_ROWS_MAX`. */
  add(batch: Batch): void {
    const { schema, change, columns, diffs, times, length } = batch;
    const start = this.#length;
    assert(start + length <= BATCH_ROWS_MAX, "the joined rows are a batch");
    this.#head ??= { schema, change };
    assert(change === this.#head.change, "joined batches are of one shape");
    this.#columns ??= columns.map(({ layout }) => new ColumnJoiner(layout));
    for (const [i, joiner] of this.#columns.entries()) joiner.add(present(columns[i], "column"), length);
    this.#times = grown(this.#times, start + length);
    this.#times.set(times.subarray(0, length), start);
    this.#diffs = grown(this.#diffs, start + length);
    if (diffs === undefined) this.#diffs.fill(1, start, start + length);
    else this.#diffs.set(diffs.subarray(0, length), start);
    this.#hasDiffs ||= diffs !== undefined;
    this.#length += length;
  }

  /** The joined rows, until the next `add`, which begins anew; undefined where there are none. */
  take(): Batch | undefined {
    const head = this.#head;
    const length = this.#length;
    const diffs = this.#hasDiffs ? this.#diffs : undefined;
    this.#head = undefined;
    this.#length = 0;
    this.#hasDiffs = false;
    if (head === undefined) return undefined;
    const columns = present(this.#columns, "columns").map((column) => column.take());
    return { ...head, length, columns, diffs, times: this.#times, clocks: BEGINNING };
  }
}
