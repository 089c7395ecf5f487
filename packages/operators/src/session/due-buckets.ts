import type { RowId, Time } from "@df/core";
import { IdList } from "../outputs/id-list.ts";

/** A power of two. */
const FOUND_MAX = 128;
/** Lists that are kept for later stretches, and the ids that one of them may have room for: 8 MiB in all. */
const SPARE_MAX = 128;
const SPARE_IDS_MAX = 1 << 14;

/**
 * Which sessions to look at when: lists of ids by stretches of time. What is listed may be due later than its list,
 * never before, so a session that grows need not move. It is no state, but made again when the operator opens.
 */
export class DueBuckets {
  readonly #widthMicros: number;
  readonly #lists = new Map<number, IdList>();
  /** Lists that were found before, and the stretches that they are for: those of a batch lie side by side. */
  readonly #found: IdList[] = [];
  readonly #foundOf: Float64Array = new Float64Array(FOUND_MAX).fill(Number.NaN);
  /** Empty ones. */
  readonly #spare: IdList[] = [];
  #taken: Int32Array = new Int32Array(1024);
  /** The list that an id stands on; NaN for none. Other places of the id are left from before. */
  #listOf: Float64Array = new Float64Array(1024).fill(Number.NaN);
  /** No list before this one has ids. */
  #first = Number.POSITIVE_INFINITY;

  constructor(widthMicros: number) {
    this.#widthMicros = widthMicros;
  }

  /** The id is looked at when `take` is given this time, and not when it was before. */
  set(id: RowId, time: Time): void {
    if (this.#listOf[id] !== Math.floor(time / this.#widthMicros)) this.add(id, time);
  }

  /** As `set`, of an id that is on no list. */
  add(id: RowId, time: Time): void {
    const bucket = Math.floor(time / this.#widthMicros);
    if (id >= this.#listOf.length) this.#grow(id);
    this.#listOf[id] = bucket;
    const at = bucket & (FOUND_MAX - 1);
    if (this.#foundOf[at] !== bucket) {
      this.#found[at] = this.#list(bucket);
      this.#foundOf[at] = bucket;
    }
    (this.#found[at] as IdList).push(id);
  }

  #list(bucket: number): IdList {
    let list = this.#lists.get(bucket);
    if (list === undefined) {
      list = this.#spare.pop() ?? new IdList();
      this.#lists.set(bucket, list);
      if (bucket < this.#first) this.#first = bucket;
    }
    return list;
  }

  /** The id is not looked at any more. */
  delete(id: RowId): void {
    this.#listOf[id] = Number.NaN;
  }

  /** Ids that may be due at `until`, each once, until the next call; they are not listed any more. */
  take(until: Time): Int32Array {
    const last = Math.floor(until / this.#widthMicros);
    let count = 0;
    // One by one where time moves in small steps, as there may be many lists.
    if (last - this.#first < this.#lists.size) {
      for (let bucket = this.#first; bucket <= last; bucket++) count = this.#empty(bucket, count);
    } else {
      for (const bucket of this.#lists.keys()) if (bucket <= last) count = this.#empty(bucket, count);
    }
    if (last > this.#first) this.#first = last;
    return this.#taken.subarray(0, count);
  }

  /** Moves what still stands on a list behind the ids that are taken; returns how many these are now. */
  #empty(bucket: number, count: number): number {
    const list = this.#lists.get(bucket);
    if (list === undefined) return count;
    this.#lists.delete(bucket);
    const at = bucket & (FOUND_MAX - 1);
    if (this.#foundOf[at] === bucket) this.#foundOf[at] = Number.NaN;
    if (count + list.length > this.#taken.length) {
      const wider = new Int32Array((count + list.length) * 2);
      wider.set(this.#taken);
      this.#taken = wider;
    }
    const taken = takeListed(list.ids(), bucket, this.#listOf, this.#taken.subarray(count));
    list.clear();
    if (this.#spare.length < SPARE_MAX && list.capacity <= SPARE_IDS_MAX) this.#spare.push(list);
    return count + taken;
  }

  /** All ids, each once. */
  listed(): RowId[] {
    return [...this.#lists.keys()].flatMap((bucket) => this.#listedIn(bucket));
  }

  /** The lowest of the times that are told for listed ids, none before its list; undefined where none is told. */
  first(timeOf: (id: RowId) => Time | undefined): Time | undefined {
    let lowest: Time | undefined;
    for (const bucket of [...this.#lists.keys()].toSorted((a, b) => a - b)) {
      if (lowest !== undefined && bucket * this.#widthMicros > lowest) break;
      for (const id of this.#listedIn(bucket)) {
        const time = timeOf(id);
        if (time !== undefined && (lowest === undefined || time < lowest)) lowest = time;
      }
    }
    return lowest;
  }

  #listedIn(bucket: number): RowId[] {
    // A list may have an id twice: it was moved on, and back.
    const ids = new Set(this.#lists.get(bucket)?.ids());
    return [...ids].filter((id) => this.#listOf[id] === bucket);
  }

  #grow(id: RowId): void {
    const wider = new Float64Array(Math.max(id + 1, this.#listOf.length * 2)).fill(Number.NaN);
    wider.set(this.#listOf);
    this.#listOf = wider;
  }
}

/** The hot loop: takes the ids that stand on a list from it; returns how many. Others were moved to another one. */
function takeListed(ids: Int32Array, bucket: number, listOf: Float64Array, into: Int32Array): number {
  let count = 0;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as RowId;
    if (listOf[id] !== bucket) continue;
    listOf[id] = Number.NaN;
    into[count++] = id;
  }
  return count;
}
