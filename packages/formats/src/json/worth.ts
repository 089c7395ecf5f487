/** Once in so many tries it is judged whether they pay: one that fails late takes a sixth of an interpreted record. */
const TRIES_JUDGED = 4096;
const TRIES_A_ROW_MAX = 6;
/** Records for which nothing is tried where it did not pay. */
const PAUSE_RECORDS = 1_000_000;

/** Whether it pays to try code for layouts on lines that may have none of them. */
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

  /** Counts `tries` that have read so many rows; whether they have turned out not to pay. */
  tried(rows: number, tries = 1): boolean {
    this.#tries += tries;
    this.#rows += rows;
    if (this.#tries < TRIES_JUDGED) return false;
    const isWorthless = this.#tries > this.#rows * TRIES_A_ROW_MAX;
    if (isWorthless) this.#pause = PAUSE_RECORDS;
    this.#tries = 0;
    this.#rows = 0;
    return isWorthless;
  }
}
