/** A list of row ids that grows. */
export class IdList {
  #ids: Int32Array = new Int32Array(64);
  /** What the last `take` gave. */
  #taken: Int32Array = new Int32Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Ids that it has memory for. */
  get capacity(): number {
    return this.#ids.length;
  }

  /** Makes room for so many more ids; they may be written behind the others, and count once `placed` says so. */
  room(count: number): Int32Array {
    const length = this.#length + count;
    if (length > this.#ids.length) {
      const wider = new Int32Array(Math.max(64, length, this.#ids.length * 2));
      wider.set(this.#ids);
      this.#ids = wider;
    }
    return this.#ids.subarray(this.#length, length);
  }

  placed(count: number): void {
    this.#length += count;
  }

  push(id: number): void {
    if (this.#length === this.#ids.length) {
      const wider = new Int32Array(Math.max(64, this.#length * 2));
      wider.set(this.#ids);
      this.#ids = wider;
    }
    this.#ids[this.#length++] = id;
  }

  /** The ids, until the next call. */
  ids(): Int32Array {
    return this.#ids.subarray(0, this.#length);
  }

  /** Forgets the ids, and uses their memory again. */
  clear(): void {
    this.#length = 0;
  }

  /** The ids, until the next `take`; the list is empty. */
  take(): Int32Array {
    const taken = this.#ids;
    const ids = taken.subarray(0, this.#length);
    this.#ids = this.#taken;
    this.#taken = taken;
    this.#length = 0;
    return ids;
  }
}
