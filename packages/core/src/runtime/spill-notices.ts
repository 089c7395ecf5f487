import type { BudgetUse } from "../state/state-budget.ts";

/** Milliseconds over which reads are compared with rows. */
const WINDOW_MS = 10_000;
/** Spans of rows that are read again, for each row that comes in, from which on a run is slow for them. */
const READS_PER_ROW = 0.5;

/** Says, once each, that state has begun to spill, and that the run is slow for it. */
export class SpillNotices {
  readonly #pipeline: string;
  readonly #tell: (notice: string) => void;
  #hasBegun = false;
  #isSlow = false;
  #from = { atMs: 0, reads: 0, rows: 0 };

  constructor(pipeline: string, tell: (notice: string) => void) {
    this.#pipeline = pipeline;
    this.#tell = tell;
  }

  /** `rowsRead`: rows of this run so far. */
  look(atMs: number, use: BudgetUse, rowsRead: number): void {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#tell(
        `The state of pipeline "${this.#pipeline}" has outgrown its stateBudget of ${use.limitBytes} bytes: rows that were not used lately go to a scratch file beside the state. Results are the same.`,
      );
      this.#from = { atMs, reads: use.reads, rows: rowsRead };
    }
    if (this.#isSlow || atMs - this.#from.atMs < WINDOW_MS) return;
    const reads = use.reads - this.#from.reads;
    const rows = rowsRead - this.#from.rows;
    this.#from = { atMs, reads: use.reads, rows: rowsRead };
    if (rows === 0 || reads < rows * READS_PER_ROW) return;
    this.#isSlow = true;
    this.#tell(
      `Pipeline "${this.#pipeline}" is slow since its state lies on disk: ${reads} reads for the last ${rows} rows. A stateBudget above ${use.limitBytes} bytes helps, up to the ${use.residentBytes + use.spilledBytes} bytes that there are; so does less state (shorter windows, a shorter within of dedupe, fewer or shorter keys).`,
    );
  }
}
