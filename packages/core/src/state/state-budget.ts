import { assert } from "../assert.ts";
import { BATCH_ROWS_MAX } from "../batch/batch.ts";
import { DataflowError } from "../error.ts";
import { type ScratchFile, ScratchSpace } from "./scratch.ts";

/** Memory for finding rows, which cannot be spilled, beside each byte of the budget. */
const INDEX_SHARE = 2;

/** What a table has of the budget. Written by the table. */
export interface Account {
  /** Memory taken for rows and texts, in use or not. */
  residentBytes: number;
  /** Memory taken for finding rows: it stays. */
  indexBytes: number;
  /** Of rows and texts that are in the scratch file only. */
  spilledBytes: number;
}

/** A table, as its budget knows it. */
interface Member {
  readonly account: Account;
  /** Ends what the contract promises within a call: nothing that was asked for before has to stay in memory. */
  release(): void;
  /** Writes all rows to the scratch file and gives their memory back. */
  giveBack(): void;
}

/** What a process keeps of its state where. */
export interface BudgetUse {
  readonly limitBytes: number;
  readonly residentBytes: number;
  readonly indexBytes: number;
  readonly spilledBytes: number;
  /** Spans of rows that were read again, since the start. */
  readonly reads: number;
}

/** What several threads keep together. */
export function sumOfUses(uses: readonly BudgetUse[]): BudgetUse {
  const sum = (part: keyof BudgetUse): number => uses.reduce((all, use) => all + use[part], 0);
  return {
    limitBytes: sum("limitBytes"),
    residentBytes: sum("residentBytes"),
    indexBytes: sum("indexBytes"),
    spilledBytes: sum("spilledBytes"),
    reads: sum("reads"),
  };
}

/** How far the tables together may be beyond the budget before one of them gives its memory back. */
const SLACK = 1.125;

/** What one table holds in memory at most, whatever the budget: its addresses reach 4 GiB of rows, and of texts. */
const TABLE_BYTES_MAX = 3 * 2 ** 30;

/** How a budget is set. */
export interface BudgetOptions {
  /** For rows and texts of all tables together, in memory. */
  readonly limitBytes: number;
  /** Opens the scratch file, when it is first needed. */
  readonly scratch: () => ScratchFile;
  /** For the index of all tables together; default: twice the limit. */
  readonly indexBytesMax?: number;
  /** Rows that a table is asked for at once, at most; less only where tests give smaller batches. */
  readonly batchRows?: number;
}

/**
 * The memory that all state of a process may take. A table that finds no room any more spills: rows that were not asked
 * for lately go to a scratch file and come back when they are.
 *
 * - Counted are rows and texts. The index (some 22 bytes a key) stays in memory; it may take twice the budget, beyond
 *   which the run stops with DF_STATE_FULL.
 * - A table may always hold its share, an equal part of the budget; the memory of a table that has more is given back
 *   when others want theirs.
 * - What one call works on has to be in memory together, also where the budget is smaller: for 4,096 rows that are far
 *   from each other some 4 MiB and their texts, at most four times that.
 */
export class StateBudget {
  readonly limitBytes: number;
  readonly batchRows: number;
  readonly #indexBytesMax: number;
  readonly #open: () => ScratchFile;
  readonly #members = new Set<Member>();
  #scratch: ScratchSpace | undefined;
  #residentBytes = 0;
  #indexBytes = 0;
  #spilledBytes = 0;
  #hasSpilled = false;
  /** Counted by the tables. */
  reads = 0;

  constructor(options: BudgetOptions) {
    const {
      limitBytes,
      scratch,
      indexBytesMax = limitBytes * INDEX_SHARE,
      batchRows = BATCH_ROWS_MAX,
    } = options;
    this.limitBytes = limitBytes;
    this.#indexBytesMax = indexBytesMax;
    this.batchRows = batchRows;
    this.#open = scratch;
  }

  /** Where rows are spilled to. */
  get scratch(): ScratchSpace {
    this.#scratch ??= new ScratchSpace(this.#open());
    return this.#scratch;
  }

  /** Whether any table has been too large. */
  get hasSpilled(): boolean {
    return this.#hasSpilled;
  }

  get use(): BudgetUse {
    return {
      limitBytes: this.limitBytes,
      residentBytes: this.#residentBytes,
      indexBytes: this.#indexBytes,
      spilledBytes: this.#spilledBytes,
      reads: this.reads,
    };
  }

  join(member: Member): void {
    this.#members.add(member);
  }

  /** The table is needed no more: what it has is given up. */
  leave(member: Member): void {
    this.enter(member.account, { residentBytes: 0, indexBytes: 0, spilledBytes: 0 });
    this.#members.delete(member);
  }

  /** Whether a table may take more memory. */
  allows({ residentBytes }: Account): boolean {
    if (residentBytes >= TABLE_BYTES_MAX) return false;
    return this.#residentBytes < this.limitBytes || residentBytes < this.limitBytes / this.#members.size;
  }

  /** Enters what a table has now. @throws DF_STATE_FULL when keys alone take too much */
  enter(account: Account, now: Account): void {
    this.#residentBytes += now.residentBytes - account.residentBytes;
    this.#indexBytes += now.indexBytes - account.indexBytes;
    this.#spilledBytes += now.spilledBytes - account.spilledBytes;
    Object.assign(account, now);
    this.#hasSpilled ||= now.spilledBytes > 0;
    if (this.#indexBytes <= this.#indexBytesMax) return;
    throw new DataflowError(
      "DF_STATE_FULL",
      `Finding the rows of keyed state takes ${this.#indexBytes} bytes of memory, which cannot be spilled; the limit is ${this.#indexBytesMax} bytes, twice what this thread has of stateBudget (${this.limitBytes} bytes). Raise stateBudget (--state-budget) by 11 bytes a key, or keep fewer keys: shorter windows, a shorter within of dedupe.`,
    );
  }

  /**
   * To be called where no call of any operator is going on: what was asked for may be spilled from here on, and a table
   * gives its memory back when others have grown beyond the budget.
   */
  settle(): void {
    if (this.#scratch === undefined && this.#residentBytes <= this.limitBytes * SLACK) return;
    for (const member of this.#members) member.release();
    while (this.#residentBytes > this.limitBytes * SLACK) {
      const largest = [...this.#members].reduce((a, b) =>
        a.account.residentBytes >= b.account.residentBytes ? a : b,
      );
      const before = largest.account.residentBytes;
      largest.giveBack();
      assert(largest.account.residentBytes < before, "a table that gives its memory back has less");
    }
  }

  close(): void {
    this.#scratch?.close();
    this.#scratch = undefined;
    this.#members.clear();
  }
}
