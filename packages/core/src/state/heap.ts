import { assert } from "../assert.ts";
import { FlatMemory } from "./memory.ts";
import { classOfUnits, SIZE_CLASSES, unitsOfClass } from "./size-classes.ts";
import type { Heap } from "./state-store.ts";

/** References count in units of 16 bytes, so that an int32 reaches all of a memory. */
const UNIT_BYTES = 16;
/** The length stands before the bytes. */
const HEADER_BYTES = 4;
/** The length of a freed block: its second int is the next free block of its class. */
const FREED = -1;
const EMPTY: Uint8Array = new Uint8Array(0);

/**
 * A byte arena with one free list per size class (size-classes.ts). Blocks are never moved or joined: memory that was
 * used for one size is not used for another.
 */
export class TextHeap implements Heap {
  readonly memory: FlatMemory;
  readonly #free: Int32Array = new Int32Array(SIZE_CLASSES);
  /** Unit 0 stays unused: reference 0 is none. */
  #usedUnits = 1;
  #liveUnits = 0;

  constructor(what: string, bytesMax: number) {
    this.memory = new FlatMemory(what, bytesMax);
  }

  /** Bytes of all blocks that were ever made, and of those that hold text now. */
  get usedBytes(): number {
    return (this.#usedUnits - 1) * UNIT_BYTES;
  }
  get liveBytes(): number {
    return this.#liveUnits * UNIT_BYTES;
  }

  /** Forgets all text, and gives its memory back. */
  clear(): void {
    this.memory.clear();
    this.#free.fill(0);
    this.#usedUnits = 1;
    this.#liveUnits = 0;
  }

  /** Copies the bytes in; they may be a view of this heap. @throws DF_STATE_FULL */
  put(bytes: Uint8Array, start: number, end: number): number {
    // Growing detaches what was a view of this memory.
    if (bytes.buffer === this.memory.bytes.buffer) return this.put(bytes.slice(start, end), 0, end - start);
    const length = end - start;
    const sizeClass = classOf(length);
    this.#liveUnits += unitsOfClass(sizeClass);
    let reference = this.#free[sizeClass] as number;
    if (reference === 0) reference = this.#fresh(sizeClass);
    else this.#free[sizeClass] = this.memory.ints[reference * 4 + 1] as number;
    this.memory.ints[reference * 4] = length;
    const to = this.memory.bytes;
    const at = reference * UNIT_BYTES + HEADER_BYTES;
    if (length > 64) to.set(bytes.subarray(start, end), at);
    else for (let i = 0; i < length; i++) to[at + i] = bytes[start + i] as number;
    return reference;
  }

  /** A view, valid until the next put. Reference 0 is empty. */
  get(reference: number): Uint8Array {
    if (reference === 0) return EMPTY;
    const start = this.startOf(reference);
    return this.memory.bytes.subarray(start, start + this.lengthOf(reference));
  }

  /** Where the bytes of a reference begin in `memory.bytes`. */
  startOf(reference: number): number {
    return reference * UNIT_BYTES + HEADER_BYTES;
  }

  /** Bytes of a reference. */
  lengthOf(reference: number): number {
    const length = this.memory.ints[reference * 4] as number;
    assert(length >= 0, "a text of a state table is read after it was freed");
    return length;
  }

  /** Gives a block back; reference 0 is none and does nothing. */
  free(reference: number): void {
    if (reference === 0) return;
    const sizeClass = classOf(this.lengthOf(reference));
    this.#liveUnits -= unitsOfClass(sizeClass);
    const ints = this.memory.ints;
    ints[reference * 4] = FREED;
    ints[reference * 4 + 1] = this.#free[sizeClass] as number;
    this.#free[sizeClass] = reference;
  }

  #fresh(sizeClass: number): number {
    const reference = this.#usedUnits;
    const units = unitsOfClass(sizeClass);
    this.memory.reserve((reference + units) * UNIT_BYTES);
    this.#usedUnits = reference + units;
    return reference;
  }
}

function classOf(length: number): number {
  return classOfUnits(Math.ceil((length + HEADER_BYTES) / UNIT_BYTES));
}
