import type { Cells } from "./cells.ts";
import { Refused } from "./refused.ts";
import type { Scanner } from "./scanner.ts";

/** Reads the values that code for a layout leaves to others, in the bytes that the scanner has begun with. */
export class OddValues {
  readonly #scan: Scanner;
  readonly #cells: readonly Cells[];

  constructor(scan: Scanner, cells: readonly Cells[]) {
    this.#scan = scan;
    this.#cells = cells;
  }

  /** Reads any value into column `column`; the place behind it, −1 where the record is to be refused. */
  read(column: number, at: number, row: number): number {
    const scan = this.#scan;
    scan.at = at;
    try {
      (this.#cells[column] as Cells).read(scan, row);
      return scan.at;
    } catch (thrown) {
      if (thrown instanceof Refused) return -1;
      throw thrown;
    }
  }

  /** Passes any value; the place behind it, −1 where the record is to be refused. */
  skip(at: number): number {
    const scan = this.#scan;
    scan.at = at;
    try {
      scan.skipValue(1);
      return scan.at;
    } catch (thrown) {
      if (thrown instanceof Refused) return -1;
      throw thrown;
    }
  }

  /** Whether a column takes the text from `start` to `end`. */
  allows(column: number, start: number, end: number): boolean {
    return (this.#cells[column] as Cells).allows(this.#scan.bytes, start, end);
  }
}
