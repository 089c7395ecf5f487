import type { RowId } from "@df/core";

/** A set of row ids, for questions that are asked for each row of a batch. */
export class IdMarks {
  #marks: Uint8Array = new Uint8Array(1024);

  has(id: RowId): boolean {
    return this.#marks[id] === 1;
  }

  add(id: RowId): void {
    if (id >= this.#marks.length) {
      const wider = new Uint8Array(Math.max(id + 1, this.#marks.length * 2));
      wider.set(this.#marks);
      this.#marks = wider;
    }
    this.#marks[id] = 1;
  }

  delete(id: RowId): void {
    if (id < this.#marks.length) this.#marks[id] = 0;
  }

  clear(): void {
    this.#marks.fill(0);
  }
}
