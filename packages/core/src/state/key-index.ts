import { DataflowError } from "../error.ts";
import { FlatMemory } from "./memory.ts";

/** Ints before the slots of a segment: rows in it, and the number of hash bits that lead to it. */
export const SEGMENT_HEADER_INTS = 16;
const COUNT = 0;
const BITS = 1;
const SLOTS_MIN = 64;
/** A small index is one segment that doubles: without a directory to read it is 7–10 ns faster a row. */
const SLOTS_SINGLE_MAX = 4096;
const SLOTS_SEGMENT = 1024;
const BITS_MAX = 20;

/** The segments of all indexes of one table, with a free list per size. */
export class SegmentPool {
  readonly memory: FlatMemory;
  readonly #free: number[][] = [];
  #usedInts = 0;

  constructor(what: string, bytesMax: number) {
    this.memory = new FlatMemory(what, bytesMax);
  }

  /** The offset in ints of a zeroed segment's slots. */
  take(slots: number, bits: number): number {
    const sizeInts = SEGMENT_HEADER_INTS + slots * 2;
    const reused = this.#free[31 - Math.clz32(slots)]?.pop();
    const start = reused ?? this.#usedInts;
    if (reused === undefined) {
      this.memory.reserve((start + sizeInts) * 4);
      this.#usedInts += sizeInts;
    } else this.memory.ints.fill(0, start, start + sizeInts);
    this.memory.ints[start + BITS] = bits;
    return start + SEGMENT_HEADER_INTS;
  }

  give(base: number, slots: number): void {
    (this.#free[31 - Math.clz32(slots)] ??= []).push(base - SEGMENT_HEADER_INTS);
  }
}

/**
 * From hashes to ids: open addressing with slots `{id + 1, hash}`, in one segment that doubles, then in segments of
 * 1024 slots by extendible hashing (Fagin et al. 1979): the upper bits of a hash choose the segment, the lower ones
 * the slot, and only a full segment splits. Reading is done in a loop of the table, over `base(hash)` and `mask`.
 */
export class KeyIndex {
  readonly #pool: SegmentPool;
  /** Offsets of segments by the upper `bits` bits of the hash. */
  directory: Int32Array;
  bits = 0;
  slots: number = SLOTS_MIN;

  constructor(pool: SegmentPool) {
    this.#pool = pool;
    this.directory = Int32Array.of(pool.take(SLOTS_MIN, 0));
  }

  /** Enters an id under a hash; the key must not be there yet. @throws DF_STATE_FULL */
  insert(hash: number, id: number): void {
    let base = this.#base(hash);
    while ((this.#ints[base - SEGMENT_HEADER_INTS + COUNT] as number) >= this.slots * 0.75) {
      this.#grow(base, hash);
      base = this.#base(hash);
    }
    place(this.#ints, base, this.slots * 2 - 1, { hash, entry: id + 1 });
  }

  /** Takes an id out; later slots of its run move up (Knuth, vol. 3, 6.4, algorithm R). */
  remove(hash: number, id: number): void {
    const ints = this.#ints;
    const base = this.#base(hash);
    const mask = this.slots * 2 - 1;
    let hole = (hash << 1) & mask;
    while (ints[base + hole] !== id + 1) hole = (hole + 2) & mask;
    for (let next = (hole + 2) & mask; ints[base + next] !== 0; next = (next + 2) & mask) {
      const home = ((ints[base + next + 1] as number) << 1) & mask;
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      ints[base + hole] = ints[base + next] as number;
      ints[base + hole + 1] = ints[base + next + 1] as number;
      hole = next;
    }
    ints[base + hole] = 0;
    const count = base - SEGMENT_HEADER_INTS + COUNT;
    ints[count] = (ints[count] as number) - 1;
  }

  /** Gives all segments back. */
  release(): void {
    let last = -1;
    for (const base of this.directory) {
      // Entries of one segment stand side by side.
      if (base !== last) this.#pool.give(base, this.slots);
      last = base;
    }
    this.directory = new Int32Array(0);
  }

  get #ints(): Int32Array {
    return this.#pool.memory.ints;
  }

  #base(hash: number): number {
    return this.directory[(hash >>> 1) >>> (31 - this.bits)] as number;
  }

  #grow(base: number, hash: number): void {
    if (this.bits > 0) this.#split(base, hash);
    else if (this.slots < SLOTS_SINGLE_MAX) this.#rebuild(base, this.slots * 2, 0);
    else this.#rebuild(base, SLOTS_SEGMENT, 3);
  }

  /** Replaces the only segment by 2^bits segments. */
  #rebuild(old: number, slots: number, bits: number): void {
    const directory = new Int32Array(2 ** bits);
    for (let i = 0; i < directory.length; i++) directory[i] = this.#pool.take(slots, bits);
    const oldSlots = this.slots;
    this.directory = directory;
    this.bits = bits;
    this.slots = slots;
    for (let at = 0; at < oldSlots * 2; at += 2) {
      const entry = this.#ints[old + at] as number;
      // Goes through insert: a segment may have to split again at once when hashes are skewed.
      if (entry !== 0) this.insert(this.#ints[old + at + 1] as number, entry - 1);
    }
    this.#pool.give(old, oldSlots);
  }

  #split(base: number, hash: number): void {
    const bits = this.#ints[base - SEGMENT_HEADER_INTS + BITS] as number;
    if (bits === this.bits) this.#doubleDirectory();
    const pool = this.#pool;
    const lower = pool.take(this.slots, bits + 1);
    const upper = pool.take(this.slots, bits + 1);
    const ints = pool.memory.ints;
    const mask = this.slots * 2 - 1;
    for (let at = 0; at < this.slots * 2; at += 2) {
      const entry = ints[base + at] as number;
      if (entry === 0) continue;
      const moved = ints[base + at + 1] as number;
      place(ints, (moved >>> (31 - bits)) & 1 ? upper : lower, mask, { hash: moved, entry });
    }
    const span = 2 ** (this.bits - bits);
    const first = ((hash >>> 1) >>> (31 - bits)) * span;
    this.directory.fill(lower, first, first + span / 2);
    this.directory.fill(upper, first + span / 2, first + span);
    pool.give(base, this.slots);
  }

  #doubleDirectory(): void {
    if (this.bits === BITS_MAX) {
      throw new DataflowError(
        "DF_STATE_FULL",
        `The index of a state table is full: more than 2^${BITS_MAX} segments of ${SLOTS_SEGMENT} slots. Use more shards.`,
      );
    }
    const doubled = new Int32Array(this.directory.length * 2);
    for (let i = 0; i < doubled.length; i++) doubled[i] = this.directory[i >>> 1] as number;
    this.directory = doubled;
    this.bits++;
  }
}

function place(ints: Int32Array, base: number, mask: number, slot: { hash: number; entry: number }): void {
  let at = (slot.hash << 1) & mask;
  while (ints[base + at] !== 0) at = (at + 2) & mask;
  ints[base + at] = slot.entry;
  ints[base + at + 1] = slot.hash;
  const count = base - SEGMENT_HEADER_INTS + COUNT;
  ints[count] = (ints[count] as number) + 1;
}
