import type { KeyIndex } from "./key-index.ts";
import { KEY_GROUPS } from "../stream.ts";
import type { PaneId } from "./state-store.ts";

/** From this many pages on, new rows of a pane go to pages of their key group: 32k rows. */
const SHARED_PAGES_MAX = 512;
const NO_PAGE = -1;
/** Of each page in all arrays of `RowPages`. */
const PAGE_OWN_BYTES = 112;

/** A part of a table with its own index and pages. */
export interface Pane {
  readonly id: PaneId;
  readonly index: KeyIndex;
  size: number;
  /** Rows by key group. */
  readonly counts: Int32Array;
  /** Key groups of which the checkpoints so far may hold rows of this pane. */
  readonly stored: Uint8Array;
  /** Its pages, in no order. */
  readonly pages: number[];
  /** First page with room: of all groups, then of each group; grows to 129 entries when pages get tagged. */
  room: Int32Array;
  /** Ids in canonical key order, and in any order; undefined once the pane has changed. */
  order: Int32Array | undefined;
  ids: Int32Array | undefined;
}

/** A pane without rows. */
export function newPane(id: PaneId, index: KeyIndex): Pane {
  return {
    id,
    index,
    size: 0,
    counts: new Int32Array(KEY_GROUPS),
    stored: new Uint8Array(KEY_GROUPS),
    pages: [],
    room: new Int32Array(1).fill(NO_PAGE),
    order: undefined,
    ids: undefined,
  };
}

/**
 * Which rows there are: pages of 64 with a bit per row. Ids are `page << 6 | slot`. A page belongs to one pane and,
 * once the pane is large, to one key group, so that a rewritten group is read from few pages; an emptied page goes
 * back.
 */
export class RowPages {
  /** Pages that were ever in use. */
  count = 0;
  /**
   * Two ints a page, a bit a row: the row exists; it was touched since the last checkpoint; checkpoints know its key.
   */
  used: Int32Array = new Int32Array(0);
  dirty: Int32Array = new Int32Array(0);
  kept: Int32Array = new Int32Array(0);
  /** Key group of each row. */
  groups: Uint8Array = new Uint8Array(0);
  /** Key group of each page, −1 where it holds rows of all. */
  tags: Int16Array = new Int16Array(0);
  /** Pane of each page; undefined while it is free. */
  readonly owners: (Pane | undefined)[] = [];
  /** Position of a page in `Pane.pages`. */
  #places: Int32Array = new Int32Array(0);
  /** Doubly linked lists of pages with room. */
  #next: Int32Array = new Int32Array(0);
  #previous: Int32Array = new Int32Array(0);
  readonly #free: number[] = [];

  /** Bytes that pages take beside their rows. */
  get sizeBytes(): number {
    return this.tags.length * PAGE_OWN_BYTES;
  }

  /** Ids of a pane, in no order. */
  idsOf(pane: Pane): Int32Array {
    const ids = new Int32Array(pane.size);
    const { used } = this;
    let count = 0;
    for (const page of pane.pages) {
      for (let half = page * 2; half < page * 2 + 2; half++) {
        for (let bits = used[half] as number; bits !== 0; bits &= bits - 1) {
          ids[count++] = half * 32 + 31 - Math.clz32(bits & -bits);
        }
      }
    }
    return ids;
  }

  /** A row of a key group in a pane, marked as used and touched. */
  take(pane: Pane, group: number): number {
    const list = pane.pages.length < SHARED_PAGES_MAX ? 0 : group + 1;
    if (list >= pane.room.length) {
      const room = new Int32Array(KEY_GROUPS + 1).fill(NO_PAGE);
      room[0] = pane.room[0] as number;
      pane.room = room;
    }
    let page = pane.room[list] as number;
    if (page === NO_PAGE) page = this.#newPage(pane, list);
    const half = this.used[page * 2] === -1 ? page * 2 + 1 : page * 2;
    const empty = ~(this.used[half] as number);
    const bit = 31 - Math.clz32(empty & -empty);
    this.used[half] = (this.used[half] as number) | (1 << bit);
    this.dirty[half] = (this.dirty[half] as number) | (1 << bit);
    if (this.used[page * 2] === -1 && this.used[page * 2 + 1] === -1) this.#unlink(pane, list, page);
    const id = half * 32 + bit;
    this.groups[id] = group;
    return id;
  }

  /** Frees a row of a pane; its page too when it was the last one there. */
  give(pane: Pane, id: number): void {
    const page = id >>> 6;
    const half = id >>> 5;
    const bit = 1 << id;
    const list = (this.tags[page] as number) + 1;
    const wasFull = this.used[page * 2] === -1 && this.used[page * 2 + 1] === -1;
    this.used[half] = (this.used[half] as number) & ~bit;
    this.dirty[half] = (this.dirty[half] as number) & ~bit;
    this.kept[half] = (this.kept[half] as number) & ~bit;
    if (wasFull) this.#link(pane, list, page);
    if (this.used[page * 2] === 0 && this.used[page * 2 + 1] === 0) {
      this.#unlink(pane, list, page);
      const last = pane.pages.pop() as number;
      if (last !== page) {
        pane.pages[this.#places[page] as number] = last;
        this.#places[last] = this.#places[page] as number;
      }
      this.#release(page);
    }
  }

  has(id: number): boolean {
    return (((this.used[id >>> 5] ?? 0) >>> id) & 1) === 1;
  }

  /** Whether checkpoints know the row's key. */
  isKept(id: number): boolean {
    return (((this.kept[id >>> 5] ?? 0) >>> id) & 1) === 1;
  }

  /** Frees all rows of a pane. */
  drop(pane: Pane): void {
    for (const page of pane.pages) {
      for (let half = page * 2; half < page * 2 + 2; half++) {
        this.used[half] = 0;
        this.dirty[half] = 0;
        this.kept[half] = 0;
      }
      this.#release(page);
    }
    pane.pages.length = 0;
    pane.room.fill(NO_PAGE);
  }

  #release(page: number): void {
    this.owners[page] = undefined;
    this.#free.push(page);
  }

  #newPage(pane: Pane, list: number): number {
    let page = this.#free.pop();
    if (page === undefined) {
      page = this.count++;
      if (page >= this.tags.length) this.#grow(Math.max(4, page * 2));
    }
    this.tags[page] = list - 1;
    this.owners[page] = pane;
    this.#places[page] = pane.pages.length;
    pane.pages.push(page);
    this.#link(pane, list, page);
    return page;
  }

  #link(pane: Pane, list: number, page: number): void {
    const first = pane.room[list] as number;
    this.#next[page] = first;
    this.#previous[page] = NO_PAGE;
    if (first !== NO_PAGE) this.#previous[first] = page;
    pane.room[list] = page;
  }

  #unlink(pane: Pane, list: number, page: number): void {
    const next = this.#next[page] as number;
    const previous = this.#previous[page] as number;
    if (previous === NO_PAGE) pane.room[list] = next;
    else this.#next[previous] = next;
    if (next !== NO_PAGE) this.#previous[next] = previous;
  }

  #grow(pages: number): void {
    this.used = longer(this.used, pages * 2);
    this.dirty = longer(this.dirty, pages * 2);
    this.kept = longer(this.kept, pages * 2);
    this.#places = longer(this.#places, pages);
    this.#next = longer(this.#next, pages);
    this.#previous = longer(this.#previous, pages);
    const groups = new Uint8Array(pages * 64);
    groups.set(this.groups);
    this.groups = groups;
    const tags = new Int16Array(pages);
    tags.set(this.tags);
    this.tags = tags;
  }
}

function longer(from: Int32Array, length: number): Int32Array {
  const into = new Int32Array(length);
  into.set(from);
  return into;
}
