import { BATCH_ROWS_MAX, diffAt, RowGatherer, type Batch, type OperatorContext, type Output } from "@df/core";
import { forRows } from "@df/core/batch/grown";
import { withDeletes } from "./stateless.ts";

/** A row's verdict. A refused row has its outcome already. */
export const DROP = 0;
export const KEEP = 1;
export const REFUSED = 2;

/** Hands on the rows of a batch that have the verdict KEEP, in arrays that it keeps. */
export class RowKeeper {
  /** One a row, to be set before `hand`. */
  readonly verdicts: Uint8Array = new Uint8Array(BATCH_ROWS_MAX);
  readonly #context: OperatorContext;
  #rows: Int32Array = new Int32Array(0);
  #isDeleted: Uint8Array = new Uint8Array(0);
  readonly #gatherer: RowGatherer = new RowGatherer();

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  /**
   * Hands on the rows that are kept, and counts passed and filtered. On an upsert stream a row that is dropped becomes
   * a delete of its key: an earlier row of the key may have been kept.
   */
  hand(batch: Batch, out: Output): void {
    const { length } = batch;
    this.#rows = forRows(this.#rows, length);
    const kept = keptRows(this.verdicts, length, this.#rows);
    const dropped = kept === length ? 0 : length - kept - countOf(REFUSED, this.verdicts, length);
    if (kept > 0) this.#context.count("passed", kept);
    if (dropped > 0) this.#context.count("filtered", dropped);
    if (batch.change === "upsert" && dropped > 0) this.#handWithDeletes(batch, out);
    else if (kept === length) out(batch);
    else if (kept > 0) out(this.#gatherer.gather(batch, this.#rows, kept));
  }

  #handWithDeletes(batch: Batch, out: Output): void {
    const { verdicts } = this;
    const rows = this.#rows;
    this.#isDeleted = forRows(this.#isDeleted, batch.length);
    const isDeleted = this.#isDeleted.fill(0);
    let count = 0;
    for (let row = 0; row < batch.length; row++) {
      const verdict = verdicts[row] as number;
      if (verdict === DROP && diffAt(batch, row) > 0) isDeleted[row] = 1;
      else if (verdict !== KEEP) continue;
      rows[count++] = row;
    }
    if (count === 0) return;
    const marked = withDeletes(batch, this.#context.inputs[0]?.key ?? [], isDeleted);
    out(count === batch.length ? marked : this.#gatherer.gather(marked, rows, count));
  }
}

/** Puts the rows to keep into `rows`; returns how many. Without a branch: what is kept may be hard to foresee. */
function keptRows(verdicts: Uint8Array, length: number, rows: Int32Array): number {
  let kept = 0;
  for (let row = 0; row < length; row++) {
    rows[kept] = row;
    kept += (verdicts[row] as number) & KEEP;
  }
  return kept;
}

function countOf(verdict: number, verdicts: Uint8Array, length: number): number {
  let count = 0;
  for (let row = 0; row < length; row++) if (verdicts[row] === verdict) count++;
  return count;
}
