/**
 * The key indexes of sinks: the leaves of a tree over the keys, of which SQLite keeps the branches. A page has entries
 * in the order of their keys, from its first key up to that of the next page; changes are merged into the pages that
 * they touch, so that many of them together cost little more than their bytes.
 */
import {
  byteStrings,
  compareStrings,
  type ByteStrings,
  NO_STRINGS,
  startOf,
  stringAt,
  StringList,
} from "../batch/byte-strings.ts";
import { orderOf } from "../batch/string-order.ts";
import type { IndexChanges } from "../connector.ts";
import { packMerged, unpackChanges } from "./index-changes.ts";
import type { SqlDatabase, SqlStatement } from "./sql.ts";

/** Bytes of keys and values from which on a page is divided, and those of the pages that come of it. */
const PAGE_BYTES_MAX = 8 * 1024;
const PAGE_BYTES = 5 * 1024;
/** Begins the first page: no key comes before it. */
const FIRST: Uint8Array = new Uint8Array(0);
const NO_ENTRIES: IndexChanges = { keys: NO_STRINGS, values: NO_STRINGS };

/** A page as it is stored. */
interface Page {
  readonly first: Uint8Array;
  readonly entries: IndexChanges;
}

/** Keys of a call that belong to one page: the places `start .. end)` of their order. */
interface Visit {
  readonly page: Page | undefined;
  readonly start: number;
  readonly end: number;
}

/** The indexes of all sinks of a state. All methods are called within a transaction. */
export class KeyPages {
  readonly #find: SqlStatement<[string, Uint8Array], { first: Uint8Array; bytes: Uint8Array }>;
  readonly #next: SqlStatement<[string, Uint8Array], { first: Uint8Array }>;
  readonly #put: SqlStatement<[string, Uint8Array, Uint8Array]>;
  readonly #remove: SqlStatement<[string, Uint8Array]>;
  readonly #clear: SqlStatement<[string]>;
  readonly #version: SqlStatement<[string], { version: string }>;
  readonly #setVersion: SqlStatement<[string, string]>;
  readonly #clearVersion: SqlStatement<[string]>;

  constructor(db: SqlDatabase) {
    this.#find = db.prepare(
      "SELECT first, bytes FROM key_page WHERE sink = ? AND first <= ? ORDER BY first DESC LIMIT 1",
    );
    this.#next = db.prepare("SELECT first FROM key_page WHERE sink = ? AND first > ? ORDER BY first LIMIT 1");
    this.#put = db.prepare("INSERT OR REPLACE INTO key_page VALUES (?, ?, ?)");
    this.#remove = db.prepare("DELETE FROM key_page WHERE sink = ? AND first = ?");
    this.#clear = db.prepare("DELETE FROM key_page WHERE sink = ?");
    this.#version = db.prepare("SELECT version FROM key_index_version WHERE sink = ?");
    this.#setVersion = db.prepare("INSERT OR REPLACE INTO key_index_version VALUES (?, ?)");
    this.#clearVersion = db.prepare("DELETE FROM key_index_version WHERE sink = ?");
  }

  /** Removes all entries of a sink, and its version. */
  clear(sink: string): void {
    this.#clear.run(sink);
    this.#clearVersion.run(sink);
  }

  /** The version of the target that an index knows; undefined where it is not known whether it is whole. */
  version(sink: string): string | undefined {
    return this.#version.get(sink)?.version;
  }

  /** From now on an index knows this version. */
  setVersion(sink: string, version: string): void {
    this.#setVersion.run(sink, version);
  }

  /** The values of the keys, in their order; empty where there is none. */
  get(sink: string, keys: ByteStrings): ByteStrings {
    const order = orderOf(keys);
    /** As they are found: value i of it is that of key `order[i]`. */
    const found = new StringList();
    for (const { page, start, end } of this.#visits(sink, keys, order)) {
      const { keys: known, values } = page?.entries ?? NO_ENTRIES;
      let at = 0;
      for (let i = start; i < end; i++) {
        at = placeOf(known, at, keys, order[i] as number);
        const isThere = at < known.ends.length && compareStrings(known, at, keys, order[i] as number) === 0;
        if (isThere) found.add(values.bytes, startOf(values, at), values.ends[at] as number);
        else found.add(FIRST, 0, 0);
      }
    }
    return unordered(found.take(), order);
  }

  /** Makes the changes. */
  apply(sink: string, changes: IndexChanges): void {
    const order = orderOf(changes.keys);
    for (const visit of this.#visits(sink, changes.keys, order)) {
      const first = visit.page?.first ?? FIRST;
      const pages = mergedPages(
        visit.page?.entries ?? NO_ENTRIES,
        changes,
        order.subarray(visit.start, visit.end),
      );
      if (pages.length === 0) this.#remove.run(sink, first);
      for (const [i, page] of pages.entries())
        this.#put.run(sink, i === 0 ? first : stringAt(unpackChanges(page).keys, 0), page);
    }
  }

  /** The pages to which keys belong, one after the other, each read when those before it are done. */
  *#visits(sink: string, keys: ByteStrings, order: Uint32Array): Generator<Visit, void, undefined> {
    for (let start = 0; start < order.length;) {
      const key = order[start] as number;
      const bytes = keys.bytes.slice(startOf(keys, key), keys.ends[key]);
      const found = this.#find.get(sink, bytes);
      const next = this.#next.get(sink, bytes)?.first;
      const end = next === undefined ? order.length : placeBefore(keys, order, start, next);
      yield {
        page: found === undefined ? undefined : { first: found.first, entries: unpackChanges(found.bytes) },
        start,
        end,
      };
      start = end;
    }
  }
}

/** The first place from `start` on whose key does not come before `next`. */
function placeBefore(keys: ByteStrings, order: Uint32Array, start: number, next: Uint8Array): number {
  const limit = byteStrings([next]);
  let end = start + 1;
  while (end < order.length && compareStrings(keys, order[end] as number, limit, 0) < 0) end++;
  return end;
}

/** The first place from `at` on whose string does not come before string `i` of `keys`. */
function placeOf(known: ByteStrings, at: number, keys: ByteStrings, i: number): number {
  let place = at;
  while (place < known.ends.length && compareStrings(known, place, keys, i) < 0) place++;
  return place;
}

/** Strings that stand in an order, each at its own place again. */
function unordered(strings: ByteStrings, order: Uint32Array): ByteStrings {
  const placeIn = new Uint32Array(order.length);
  for (let i = 0; i < order.length; i++) placeIn[order[i] as number] = i;
  const list = new StringList();
  for (let i = 0; i < order.length; i++) {
    const place = placeIn[i] as number;
    list.add(strings.bytes, startOf(strings, place), strings.ends[place] as number);
  }
  return list.take();
}

/** The entries of a page with some changes, ascending, as one page or more; none where nothing is left. */
function mergedPages(old: IndexChanges, changes: IndexChanges, order: Uint32Array): readonly Uint8Array[] {
  const merged = new Entries(old, changes, order.length);
  let at = 0;
  for (let i = 0; i < order.length; i++) {
    const change = order[i] as number;
    for (; at < old.keys.ends.length; at++) {
      const difference = compareStrings(old.keys, at, changes.keys, change);
      if (difference > 0) break;
      if (difference < 0) merged.addOld(at);
    }
    if (startOf(changes.values, change) < (changes.values.ends[change] as number)) merged.addNew(change);
  }
  for (; at < old.keys.ends.length; at++) merged.addOld(at);
  return merged.pages();
}

/** Entries of which each is taken from one of two places, in their order. */
class Entries {
  readonly #old: IndexChanges;
  readonly #new: IndexChanges;
  /** The place of an old entry, or below 0 that of a new one, all bits flipped. */
  readonly #places: Int32Array;
  #count = 0;
  #bytes = 0;

  constructor(old: IndexChanges, changes: IndexChanges, changesMax: number) {
    this.#old = old;
    this.#new = changes;
    this.#places = new Int32Array(old.keys.ends.length + changesMax);
  }

  addOld(place: number): void {
    this.#places[this.#count++] = place;
    this.#bytes += entryBytes(this.#old, place);
  }

  addNew(place: number): void {
    this.#places[this.#count++] = ~place;
    this.#bytes += entryBytes(this.#new, place);
  }

  /** All of them as pages, each as it is stored. */
  pages(): readonly Uint8Array[] {
    const bytesMax = this.#bytes > PAGE_BYTES_MAX ? PAGE_BYTES : PAGE_BYTES_MAX;
    const pages: Uint8Array[] = [];
    for (let start = 0, end = 0; start < this.#count; start = end) {
      let bytes = 0;
      for (; end < this.#count && bytes < bytesMax; end++) bytes += this.#entryBytes(end);
      pages.push(packMerged(this.#old, this.#new, this.#places.subarray(start, end), bytes));
    }
    return pages;
  }

  #entryBytes(i: number): number {
    const place = this.#places[i] as number;
    return place < 0 ? entryBytes(this.#new, ~place) : entryBytes(this.#old, place);
  }
}

function entryBytes({ keys, values }: IndexChanges, i: number): number {
  const keyBytes = (keys.ends[i] as number) - startOf(keys, i);
  return keyBytes + (values.ends[i] as number) - startOf(values, i);
}
