import { BATCH_ROWS_MAX } from "./batch.ts";

/** Where arrays of at least `count` entries come from; what is in them does not matter. */
export interface Arrays {
  doubles(count: number): Float64Array;
  ints(count: number): Int32Array;
  bytes(count: number): Uint8Array;
}

/** New arrays of exactly that many entries. */
export const FRESH_ARRAYS: Arrays = {
  doubles: (count) => new Float64Array(count),
  ints: (count) => new Int32Array(count),
  bytes: (count) => new Uint8Array(count),
};

/**
 * The same arrays in the same order after each `begin`. Memory that is made and freed for every batch costs more than
 * the work on it: each array is zeroed, paged in, and counted by the garbage collector.
 */
export class KeptArrays implements Arrays {
  readonly #doubles: Shelf<Float64Array> = new Shelf((count) => new Float64Array(count));
  readonly #ints: Shelf<Int32Array> = new Shelf((count) => new Int32Array(count));
  readonly #bytes: Shelf<Uint8Array> = new Shelf((count) => new Uint8Array(count));

  /** Takes all arrays back. */
  begin(): void {
    this.#doubles.next = 0;
    this.#ints.next = 0;
    this.#bytes.next = 0;
  }

  doubles(count: number): Float64Array {
    return this.#doubles.take(count);
  }

  ints(count: number): Int32Array {
    return this.#ints.take(count);
  }

  bytes(count: number): Uint8Array {
    return this.#bytes.take(count);
  }
}

class Shelf<T extends Float64Array | Int32Array | Uint8Array> {
  next = 0;
  readonly #make: (count: number) => T;
  readonly #kept: T[] = [];

  constructor(make: (count: number) => T) {
    this.#make = make;
  }

  take(count: number): T {
    const at = this.next++;
    const kept = this.#kept[at];
    if (kept !== undefined && kept.length >= count) return kept;
    // Batches of a source differ in length by little.
    const made = this.#make(Math.max(count, Math.min(BATCH_ROWS_MAX, Math.ceil(count * 1.25))));
    this.#kept[at] = made;
    return made;
  }
}
