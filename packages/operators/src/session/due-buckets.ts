import type { RowId, Time } from "@df/core";
import { IdList } from "../outputs/id-list.ts";

/** A power of two. */
const FOUND_MAX = 128;

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
  readonly #taken: IdList = new IdList();
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
      list = new IdList();
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
    const taken = this.#taken;
    taken.clear();
    for (const bucket of this.#bucketsUntil(last)) {
      const list = this.#lists.get(bucket);
      if (list === undefined) continue;
      this.#lists.delete(bucket);
      if (this.#foundOf[bucket & (FOUND_MAX - 1)] === bucket)
        this.#foundOf[bucket & (FOUND_MAX - 1)] = Number.NaN;
      for (const id of list.ids()) {
        if (this.#listOf[id] !== bucket) continue;
        this.#listOf[id] = Number.NaN;
        taken.push(id);
      }
    }
    if (last > this.#first) this.#first = last;
    return taken.ids();
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

  /** One by one where time moves in small steps, as there may be many lists. */
  #bucketsUntil(last: number): number[] {
    const count = last - this.#first + 1;
    if (!(count > 0)) return [];
    if (count > this.#lists.size) return [...this.#lists.keys()].filter((bucket) => bucket <= last);
    return Array.from({ length: count }, (_, i) => this.#first + i);
  }

  #grow(id: RowId): void {
    const wider = new Float64Array(Math.max(id + 1, this.#listOf.length * 2)).fill(Number.NaN);
    wider.set(this.#listOf);
    this.#listOf = wider;
  }
}
