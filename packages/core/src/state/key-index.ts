import { DataflowError } from "../error.ts";
import { FlatMemory } from "./memory.ts";
import type { IndexView } from "./probe.ts";

const SLOTS_MIN = 64;
/** A small index is one segment that doubles: without a directory to read it is 7–10 ns faster a row. */
const SLOTS_SINGLE_MAX = 8192;
const SLOTS_SEGMENT = 1024;
/** The bits that lead to the segments which the single one becomes: twice the slots. */
const BITS_MIN = Math.log2((SLOTS_SINGLE_MAX * 2) / SLOTS_SEGMENT);
/** The single segment grows by this at once for rows that are on their way: there may be one key among them. */
const GROWTH_MAX = 8;
const BITS_MAX = 20;
/** Below so many bits an index is near by itself: some 256 KiB. */
export const NEAR_BITS = 5;
/** How full a segment gets: as long as there is little, room for few keys that are not in their own slot. */
const LOAD_NEAR = 0.5;
const LOAD_FAR = 0.75;
/** The second int of a directory entry: rows of the segment, then its depth. */
const DEPTH_BITS = 5;
const DEPTH_MASK = 31;
const ONE_ROW = 1 << DEPTH_BITS;

/** The segments of all indexes of one table, with a free list per size. */
export class SegmentPool {
  readonly memory: FlatMemory;
  readonly #free: number[][] = [];
  /** The segment that is being split, while its two halves are filled. */
  readonly #aside: Int32Array = new Int32Array(SLOTS_SEGMENT * 2);
  #usedInts = 0;

  constructor(what: string, bytesMax: number) {
    this.memory = new FlatMemory(what, bytesMax);
  }

  /** The offset in ints of a zeroed segment. */
  take(slots: number): number {
    const reused = this.#free[31 - Math.clz32(slots)]?.pop();
    if (reused !== undefined) {
      this.memory.ints.fill(0, reused, reused + slots * 2);
      return reused;
    }
    const start = this.#usedInts;
    this.memory.reserve((start + slots * 2) * 4);
    this.#usedInts += slots * 2;
    return start;
  }

  give(base: number, slots: number): void {
    (this.#free[31 - Math.clz32(slots)] ??= []).push(base);
  }

  /** Takes everything out of a segment of the common size; the slots are valid until the next call. */
  emptied(base: number): Int32Array {
    this.#aside.set(this.memory.ints.subarray(base, base + SLOTS_SEGMENT * 2));
    this.memory.ints.fill(0, base, base + SLOTS_SEGMENT * 2);
    return this.#aside;
  }
}

/**
 * From hashes to ids: open addressing with slots `{id + 1, hash}`, in one segment that doubles, then in segments of
 * 1024 slots by extendible hashing (Fagin et al. 1979): the upper bits of a hash choose the segment, the lower ones
 * the slot, and only a full segment splits. Finding is done in loops over `view` (probe.ts).
 */
export class KeyIndex implements IndexView {
  readonly #pool: SegmentPool;
  /**
   * Two ints for each value of the upper `bits` bits of a hash: where its segment begins; the segment's depth (how many
   * bits lead to it) and, in the first entry of the segment, its rows. They stand here and not in the segment: a new
   * row would have to fetch one more line of memory.
   */
  directory: Int32Array;
  bits = 0;
  slots: number = SLOTS_MIN;

  constructor(pool: SegmentPool) {
    this.#pool = pool;
    this.directory = Int32Array.of(pool.take(SLOTS_MIN), 0);
  }

  /** The slots of all indexes of the pool: read again after each row that was entered. */
  get ints(): Int32Array {
    return this.#pool.memory.ints;
  }

  /**
   * Makes room for some more rows, if it can be done at once: each time that an index grows, all rows are entered anew.
   * Without `distinct` only for some of them: they may all have one key.
   */
  expect(rows: number, distinct: boolean): void {
    if (this.bits > 0) return;
    const all = ((this.directory[1] as number) >>> DEPTH_BITS) + rows;
    const most = distinct ? SLOTS_SINGLE_MAX : Math.min(this.slots * GROWTH_MAX, SLOTS_SINGLE_MAX);
    let { slots } = this;
    while (slots < most && slots * LOAD_NEAR < all) slots *= 2;
    if (slots > this.slots) this.#enlarge(slots);
  }

  /** Makes room for one more row under a hash; returns the offset of its segment. @throws DF_STATE_FULL */
  reserve(hash: number): number {
    let entry = this.#entry(hash);
    while ((this.directory[entry + 1] as number) >>> DEPTH_BITS >= this.#rowsMax) {
      this.#grow(entry);
      entry = this.#entry(hash);
    }
    return this.directory[entry] as number;
  }

  /** Enters an id into a free slot of the segment that was reserved: the first one from the hash's own slot on. */
  enter(hash: number, id: number, slot: number): void {
    const { ints } = this;
    ints[slot] = id + 1;
    ints[slot + 1] = hash;
    this.#countRows(this.#entry(hash), 1);
  }

  /** Takes an id out; later slots of its run move up (Knuth, vol. 3, 6.4, algorithm R). */
  remove(hash: number, id: number): void {
    const { ints } = this;
    const entry = this.#entry(hash);
    const base = this.directory[entry] as number;
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
    this.#countRows(entry, -1);
  }

  /** Gives all segments back. */
  release(): void {
    let last = -1;
    for (let entry = 0; entry < this.directory.length; entry += 2) {
      const base = this.directory[entry] as number;
      // Entries of one segment stand side by side.
      if (base !== last) this.#pool.give(base, this.slots);
      last = base;
    }
    this.directory = new Int32Array(0);
  }

  /** Rows of a segment at most. */
  get #rowsMax(): number {
    return this.slots * (this.bits < NEAR_BITS ? LOAD_NEAR : LOAD_FAR);
  }

  /** Index in the directory of the first entry of the hash's segment. */
  #entry(hash: number): number {
    const at = (hash >>> 1) >>> (31 - this.bits);
    const unused = this.bits - ((this.directory[at * 2 + 1] as number) & DEPTH_MASK);
    return ((at >>> unused) << unused) * 2;
  }

  #countRows(entry: number, by: 1 | -1): void {
    this.directory[entry + 1] = (this.directory[entry + 1] as number) + by * ONE_ROW;
  }

  #grow(entry: number): void {
    if (this.bits > 0) this.#split(entry);
    else if (this.slots < SLOTS_SINGLE_MAX) this.#enlarge(this.slots * 2);
    else this.#part();
  }

  /** Replaces the only segment by a larger one. */
  #enlarge(slots: number): void {
    const old = this.directory[0] as number;
    const base = this.#pool.take(slots);
    const { ints } = this;
    const mask = slots * 2 - 1;
    for (let at = old; at < old + this.slots * 2; at += 2) {
      const entered = ints[at] as number;
      if (entered === 0) continue;
      const hash = ints[at + 1] as number;
      const slot = freeSlot(ints, base, mask, hash);
      ints[slot] = entered;
      ints[slot + 1] = hash;
    }
    this.#pool.give(old, this.slots);
    this.directory[0] = base;
    this.slots = slots;
  }

  /** Replaces the only segment by as many as make twice the slots. */
  #part(): void {
    const old = this.directory[0] as number;
    const oldSlots = this.slots;
    const [slots, bits] = [SLOTS_SEGMENT, BITS_MIN];
    const directory = new Int32Array(2 ** bits * 2);
    for (let entry = 0; entry < directory.length; entry += 2) {
      directory[entry] = this.#pool.take(slots);
      directory[entry + 1] = bits;
    }
    this.directory = directory;
    this.bits = bits;
    this.slots = slots;
    for (let at = 0; at < oldSlots * 2; at += 2) {
      const entered = this.ints[old + at] as number;
      if (entered === 0) continue;
      const hash = this.ints[old + at + 1] as number;
      // A segment may have to split again at once when hashes are skewed.
      const base = this.reserve(hash);
      this.enter(hash, entered - 1, freeSlot(this.ints, base, slots * 2 - 1, hash));
    }
    this.#pool.give(old, oldSlots);
  }

  #split(first: number): void {
    const lower = this.directory[first] as number;
    const depth = (this.directory[first + 1] as number) & DEPTH_MASK;
    let entry = first;
    if (depth === this.bits) {
      this.#doubleDirectory();
      entry = first * 2;
    }
    const upper = this.#pool.take(this.slots);
    const slots = this.#pool.emptied(lower);
    const { ints } = this;
    const mask = this.slots * 2 - 1;
    const shift = 31 - depth;
    let lowerRows = 0;
    let upperRows = 0;
    for (let at = 0; at < slots.length; at += 2) {
      const entered = slots[at] as number;
      if (entered === 0) continue;
      const hash = slots[at + 1] as number;
      const isUpper = (hash >>> shift) & 1;
      const slot = freeSlot(ints, lower ^ ((lower ^ upper) & -isUpper), mask, hash);
      ints[slot] = entered;
      ints[slot + 1] = hash;
      upperRows += isUpper;
      lowerRows += 1 - isUpper;
    }
    const span = 2 ** (this.bits - depth);
    this.#point(entry, span / 2, lower, depth + 1 + lowerRows * ONE_ROW);
    this.#point(entry + span, span / 2, upper, depth + 1 + upperRows * ONE_ROW);
  }

  /** Points `count` entries to a segment. Only the first one's rows are ever read. */
  #point(entry: number, count: number, base: number, rowsAndDepth: number): void {
    for (let at = entry; at < entry + count * 2; at += 2) {
      this.directory[at] = base;
      this.directory[at + 1] = rowsAndDepth;
    }
  }

  #doubleDirectory(): void {
    if (this.bits === BITS_MAX) {
      throw new DataflowError(
        "DF_STATE_FULL",
        `The index of a state table is full: more than 2^${BITS_MAX} segments of ${SLOTS_SEGMENT} slots. Use more shards (--parallelism).`,
      );
    }
    const doubled = new Int32Array(this.directory.length * 2);
    for (let at = 0; at < this.directory.length; at += 2) {
      doubled[at * 2] = doubled[at * 2 + 2] = this.directory[at] as number;
      doubled[at * 2 + 1] = doubled[at * 2 + 3] = this.directory[at + 1] as number;
    }
    this.directory = doubled;
    this.bits++;
  }
}

/** The first free slot of a segment, from the hash's own on. */
function freeSlot(ints: Int32Array, base: number, mask: number, hash: number): number {
  let at = (hash << 1) & mask;
  while (ints[base + at] !== 0) at = (at + 2) & mask;
  return base + at;
}
