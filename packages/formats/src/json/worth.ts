/** Once in so many tries, or rows that they read, it is judged whether they pay. */
const TRIES_JUDGED = 4096;
const ROWS_JUDGED = 65_536;
/** Records for which nothing is tried where it did not pay. */
const PAUSE_RECORDS = 1_000_000;

/** Whether it pays to try code on lines that it may not know. */
export class Worth {
  #tries = 0;
  #rows = 0;
  #pause = 0;

  /** Whether the record that comes is not to be tried; asked once for each. */
  isPaused(): boolean {
    if (this.#pause === 0) return false;
    this.#pause--;
    return true;
  }

  /** Whether records are not tried at the time. */
  get isPausing(): boolean {
    return this.#pause > 0;
  }

  /** Counts records that were read while none is tried. */
  passed(records: number): void {
    this.#pause = Math.max(0, this.#pause - records);
  }

  /** Counts `tries` that have read so many rows; whether there were more tries a row than pay. */
  tried(rows: number, triesARowMax: number, tries = 1): boolean {
    this.#tries += tries;
    this.#rows += rows;
    if (this.#tries < TRIES_JUDGED && this.#rows < ROWS_JUDGED) return false;
    const isWorthless = this.#tries > this.#rows * triesARowMax;
    if (isWorthless) this.#pause = PAUSE_RECORDS;
    this.#tries = 0;
    this.#rows = 0;
    return isWorthless;
  }
}
